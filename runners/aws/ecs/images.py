"""Which image goes into which container of a task definition: by name, and always by digest."""

import json
from collections.abc import Mapping
from pathlib import Path

from runners import registry
from runners.aws import ecr
from runners.aws.ecr import Registries
from runners.aws.ecs.declared import text_of, with_placeholders
from runners.aws.ecs.revisions import Revision, repository_of
from runners.aws.gate import Gate
from runners.aws.session import Visitor
from runners.contract import ActionFailed, Sink, Work
from storage.model import artifact
from storage.model.catalog import Service
from storage.model.worded import worded

ERRORS = {
    **ecr.ERRORS,
    "no_container": "the task definition has no such container",
    "no_digest": "no earlier action pushed an image",
    "image_missing": "the image is not in the registry",
    "bad_image_definitions": "imagedefinitions.json cannot be read",
}
BY_NAME = worded("name it with the option container")
FIRST_IMAGE = "<IMAGE1_NAME>"
"""What stands for the service's image in a task definition that is kept as a file, as in CodePipeline."""
_FILE = "imagedefinitions.json"


async def images_of(
    work: Work,
    base: Revision,
    current: Revision,
    named: str,
    environ: Mapping[str, str],
    registries: Registries | None,
    sink: Sink,
) -> tuple[str, dict[str, str]]:
    """Give the container of the service, and the new image of each container that gets one.

    `base` is what the new revision is made of, `current` what the service uses, `named` the container that the catalog
    says, if any. Raises `ActionFailed`.
    """
    digest = work.artifacts.get(artifact.DIGEST)
    if not digest:
        raise ActionFailed(
            worded("no image digest to deploy"),
            hint=worded("put a push before this action, or promote a release"),
            error="no_digest",
        )
    listed = _definitions(work.workspace / "artifacts" / _FILE)
    for name in listed:
        have(base, name, worded("{file} names it", file=_FILE))
    mine = [name for name, image in listed.items() if repository_of(image) == work.service.image]
    container = container_of(work.service, base, current, named or next(iter(mine), ""))
    have(base, container, BY_NAME)
    login = await registry.login(work.registry, work.service.image, environ, registries, Visitor.of(work))
    if await registry.manifest(work.service.image, digest, login) is None:
        raise _gone(f"{work.service.image}@{digest}")
    images = dict.fromkeys([container, *mine], f"{work.service.image}@{digest}")
    for name, image in listed.items():
        if name not in images:
            images[name] = await _by_digest(work, image, environ, registries)
            # no action before this one has handed it on, so that nothing has judged it
            await Gate(registries).passed(work, repository_of(image), images[name].partition("@")[2], sink)
    return container, with_placeholders(base, container, images)


def container_of(service: Service, base: Revision, current: Revision, named: str = "") -> str:
    """Name the container of a service: the one that is named, or has its image now, or its name, or is the only one.

    In a file it may have a placeholder for the image instead.

    The container that this gives need not be there: `have` says so.
    """
    names = [each["name"] for each in base.containers]
    with_image = [each.container_of(service.image) for each in (current, base)]
    stands_for_it = [each["name"] for each in base.containers if each.get("image") == FIRST_IMAGE]
    usual = service.name if service.name in names or names[1:] else names[0]
    return named or next((name for name in [*with_image, *stands_for_it] if name in names), usual)


def have(base: Revision, name: str, why: str) -> None:
    """Raise `ActionFailed` unless the task definition has a container; `why` says who names it."""
    names = [each["name"] for each in base.containers]
    if name not in names:
        raise ActionFailed(
            worded("the task definition {revision} has no container `{name}`", revision=base.name, name=name[:200]),
            hint=worded("{why}; its containers are {names}", why=why, names=", ".join(names)),
            error="no_container",
        )


def _definitions(file: Path) -> dict[str, str]:
    """Read what the build says; empty when it says nothing."""
    if not file.is_file() or file.is_symlink():
        return {}
    try:
        return {str(each["name"]): str(each["imageUri"]) for each in json.loads(text_of(file))}
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise ActionFailed(
            worded(
                "{file} cannot be read ({kind}: {error})", file=_FILE, kind=type(error).__name__, error=str(error)[:200]
            ),
            hint=worded('it is a list such as [{"name": "web", "imageUri": "registry/web:1"}]'),
            error="bad_image_definitions",
        ) from error


async def _by_digest(work: Work, image: str, environ: Mapping[str, str], registries: Registries | None) -> str:
    """Give an image of others by what its tag holds now, so that every task of the release runs the same."""
    if "@sha256:" in image:
        return image
    repository = repository_of(image)
    login = await registry.login(work.registry, repository, environ, registries, Visitor.of(work))
    there = await registry.manifest(repository, image.removeprefix(repository).lstrip(":") or "latest", login)
    if there is None:
        raise _gone(image)
    return f"{repository}@{there.digest}"


def _gone(image: str) -> ActionFailed:
    return ActionFailed(
        worded("{image} is not in the registry", image=image),
        hint=worded("was it removed, by a lifecycle policy perhaps? release its commit again"),
        error="image_missing",
    )
