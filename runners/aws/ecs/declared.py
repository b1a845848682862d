"""A task definition as a file of the build or of the source has it (`taskdef.json`): what a new revision is made of."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runners.aws.ecs.revisions import Revision
from runners.aws.session import Account
from runners.aws.unmodelled import unmodelled
from runners.contract import ActionFailed, Work
from storage.model import artifact
from storage.model.soundness import closest
from storage.model.worded import joined, worded

ERRORS = {
    "bad_task_definition": "the file with the task definition is not there, or cannot be registered as it is",
}
_LARGEST = 100_000
"""Bytes; AWS takes no more."""
_SAID = 5
"""So many faults of a file are named."""


async def declared(account: Account, work: Work, path: str, current: Revision) -> Revision:
    """Read the file of this commit, for the service that uses `current`. Raises `ActionFailed` with all that is wrong.

    What is registered as a revision's own (its ARN, its status) may stand in it, as `aws ecs describe-task-definition`
    gives it, and is left out.
    """
    given = _read(work, path)
    register = (await account.model("ecs", "RegisterTaskDefinition")).input_shape
    shown = (await account.model("ecs", "DescribeTaskDefinition")).output_shape.members["taskDefinition"]
    own = set(shown.members) - set(register.members)
    family = current.definition["family"]
    definition = {"family": family, **{name: each for name, each in given.items() if name not in own}}
    faults = [*_unknown(definition, register), *_invalid(definition, register)] or [*_unlike(definition, family)]
    if faults:
        raise _bad(path, joined(faults[:_SAID]))
    tags = {each["key"]: each.get("value", "") for each in definition.pop("tags", [])}
    return Revision(arn=path, definition=definition, tags={**current.tags, **tags})


def with_placeholders(base: Revision, container: str, images: Mapping[str, str]) -> dict[str, str]:
    """Give the images of all containers: those with the placeholder of the service's (`<IMAGE1_NAME>`) get its image.

    Raises `ActionFailed` when a placeholder is left.
    """
    same = base.image_of(container)
    found = dict(images)
    for each in base.containers:
        name, image = each["name"], str(each.get("image", ""))
        if is_placeholder(image) and name not in found:
            if image != same:
                raise _bad(base.name, worded("nothing says the image of {name}, {image}", name=name, image=image[:100]))
            found[name] = found[container]
    return found


def is_placeholder(image: str) -> bool:
    """Tell whether it stands for an image, as CodePipeline writes it."""
    return image.startswith("<") and image.endswith(">")


def text_of(file: Path) -> str:
    """Read a file of the build's. Raises `ValueError` when it is too large."""
    with file.open("rb") as opened:
        text = opened.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    return text.decode()


def _read(work: Work, path: str) -> dict[str, Any]:
    try:
        given = json.loads(text_of(_found(work, path)))
    except (ValueError, OSError, RuntimeError) as error:  # also a link to itself, and JSON that is too deep
        raise _bad(path, worded("{kind}: {error}", kind=type(error).__name__, error=_one_line(error))) from error
    if not isinstance(given, dict):
        raise _bad(path, worded("it is no object"))
    return given


def _found(work: Work, path: str) -> Path:
    """Find it among the artifacts of the build, or else in the source; never outside of both."""
    source = work.artifacts.get(artifact.SOURCE)
    folders = [work.workspace / "artifacts", *([Path(source)] if source else [])]
    for folder in folders:
        file = (folder / path).resolve()
        if file.exists():
            if not file.is_relative_to(folder.resolve()):
                raise _bad(path, worded("it leads out of the source"))
            return file
    why = worded("it is not in the source") if source else worded("no earlier stage has fetched the source")
    raise _bad(path, why)


def _unknown(definition: Mapping[str, Any], shape: Any) -> Iterator[str]:
    """Name the fields that ECS does not know, each with the nearest that it does."""
    for path, known in unmodelled(definition, shape):
        near = closest(path.rpartition(".")[2], known)
        yield (
            worded("unknown field {name}; did you mean {near}", name=path[:200], near=near)
            if near
            else worded("unknown field {name}", name=path[:200])
        )


def _invalid(definition: Mapping[str, Any], shape: Any) -> Iterator[str]:
    """Say which values ECS would not take, by the SDK's own check."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(definition, shape).generate_report()
    for line in report.splitlines():
        if not line.startswith("Unknown parameter"):
            yield line[:200].rstrip(".")


def _unlike(definition: Mapping[str, Any], family: str) -> Iterator[str]:
    """Say what the service could not use."""
    if definition["family"] != family:
        yield worded("its family is {family}, and the service's is {other}", family=definition["family"], other=family)
    if not definition["containerDefinitions"]:
        yield worded("it has no containers")
    if not all(each.get("name") for each in definition["containerDefinitions"]):
        yield worded("a container has no name")
    if not all("key" in each for each in definition.get("tags", [])):
        yield worded("a tag has no key")


def _bad(path: str, why: str) -> ActionFailed:
    return ActionFailed(
        worded("{file}, the task definition of this commit: {why}", file=path, why=why),
        hint=worded("mend the file, or the option task_definition; nothing was touched"),
        error="bad_task_definition",
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
