"""One stack: what the catalog and the commit say of it, and what AWS does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runners import options
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed, Work
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.soundness import closest
from storage.model.worded import worded

ERRORS = {
    "bad_template": "the template cannot be read, AWS refuses it, or it has not the parameters that are given",
    "needs_capability": "the template makes what has to be allowed by name, in `capabilities`",
}
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", re.ASCII)
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_GONE = re.compile(r"does not exist", re.IGNORECASE)


def _name(value: Json) -> str | None:
    right = isinstance(value, str) and _NAME.fullmatch(value)
    return None if right else "the name of a stack: letters, digits and `-`, a letter first"


def _capabilities(value: Json) -> str | None:
    right = isinstance(value, list) and all(each in _CAPABILITIES for each in value)
    return None if right else f"a list of {', '.join(_CAPABILITIES)}"


_KNOWN: Mapping[str, options.Check] = {
    "stack": _name,
    "template": options.inside,
    "parameters": options.variables,
    "image": options.text,
    "task": options.text,
    "cluster": options.text,
    "service": options.text,
    "capabilities": _capabilities,
    "tags": options.variables,
    "role": options.text,
}


def listed(value: Json) -> str | None:
    """A list of stacks, each with what it may have."""
    if not isinstance(value, list) or not value:
        return "a list of stacks"
    for each in value:
        found = options.problems(each, _KNOWN, ("stack", "template")) if isinstance(each, dict) else ["it is none"]
        if found:
            return f"a list of stacks ({found[0]})"
    names = [each["stack"] for each in value if isinstance(each, dict)]
    return None if len(set(names)) == len(names) else "a list of stacks, each of them once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A stack as the catalog says it."""

    name: str
    template: str
    """Path inside the source."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """The parameter that gets the image that runs, by its digest."""
    task: str = ""
    """The parameter that gets the ARN of the revision that the service of ECS runs."""
    where: Mapping[str, str] = field(default_factory=dict)
    """`cluster` and `service` of that service, as far as the environment does not say them."""
    capabilities: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    """ARN of the role with which CloudFormation itself works; empty: as Estiva."""

    @classmethod
    def read(cls, value: Json) -> "tuple[Declared, ...]":
        """Read what `listed` has found to be right."""
        return tuple(cls._one(each) for each in value if isinstance(each, dict)) if isinstance(value, list) else ()

    @classmethod
    def _one(cls, raw: Mapping[str, Json]) -> "Declared":
        return cls(
            name=str(raw["stack"]),
            template=str(raw["template"]),
            parameters=options.texts(raw.get("parameters")),
            image=str(raw.get("image", "")),
            task=str(raw.get("task", "")),
            where={name: str(raw[name]) for name in ("cluster", "service") if name in raw},
            capabilities=options.words(raw.get("capabilities")),
            tags=options.texts(raw.get("tags")),
            role=str(raw.get("role", "")),
        )

    def given(self, work: Work, revision: str) -> dict[str, str]:
        """Give the parameters: those of the catalog, the revision that runs, or the image that runs.

        Where a revision runs it has the image: another one would only make a new revision at every change.
        """
        digest = work.artifacts.get(artifact.DIGEST, "")
        wants_image = self.image and digest and not revision
        image = {self.image: f"{work.service.image}@{digest}"} if wants_image else {}
        return {**self.parameters, **image, **({self.task: revision} if self.task else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as it is in AWS."""

    id: str
    status: str
    change_set: str
    """The change set that was applied last."""
    parameters: frozenset[str]
    """Names of those that it was given."""
    outputs: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing of it was made yet: a change set has it waiting to be created."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def busy(self) -> bool:
        """Tell whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS") and not self.is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A stack that can be planned: its template and parameters as AWS takes them, and how it stands now."""

    declared: Declared
    body: Mapping[str, str]
    given: Any
    now: Stack | None
    revision: str | None
    """ARN of the revision that its service runs; empty: there is no such service; `None`: nobody asked."""


async def look(account: Account, name: str) -> Stack | None:
    """Look at a stack by its name or id; `None`: there is none."""
    try:
        answer = await account.call("cloudformation", "describe_stacks", StackName=name)
    except AwsRefused as refused:
        if is_gone(refused):
            return None
        raise
    found = [_read(raw) for raw in answer["Stacks"] if raw["StackStatus"] != "DELETE_COMPLETE"]
    return found[0] if found else None


def is_gone(refused: AwsRefused) -> bool:
    """Tell whether AWS refuses because a stack or a change set is not there (any more)."""
    return refused.code == "ChangeSetNotFound" or (
        refused.code == "ValidationError" and _GONE.search(refused.reason) is not None
    )


async def parameters(
    account: Account, declared: Declared, body: Mapping[str, str], given: Mapping[str, str], now: Stack | None
) -> Any:
    """Give the parameters as AWS takes them: what is given, and for the rest what the stack was given before.

    Raises `ActionFailed` when AWS refuses the template, or the template does not fit what is given.
    """
    summary = await _summary(account, declared, body)
    known = [each["ParameterKey"] for each in summary.get("Parameters", [])]
    for name in given:
        if name not in known:
            raise unreadable(declared, _no_parameter(name, known))
    lacking = [each for each in summary.get("Capabilities", []) if not _allowed(each, declared)]
    if lacking:
        raise ActionFailed(
            worded(
                "{stack} needs {names}: {why}",
                stack=declared.name,
                names=", ".join(lacking),
                why=summary.get("CapabilitiesReason", ""),
            ),
            hint=worded("when that is meant, add it to the stack's capabilities in the catalog"),
            error="needs_capability",
        )
    before = now.parameters if now is not None else frozenset()
    kept = [name for name in known if name in before and name not in given]
    return [
        *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
        *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
    ]


def _no_parameter(name: str, known: Sequence[str]) -> str:
    near = closest(name, known)
    if near:
        return worded("it has no parameter {name}; did you mean {near}", name=name, near=near)
    return worded("it has no parameter {name}; there are: {names}", name=name, names=", ".join(known) or "-")


def _allowed(capability: str, declared: Declared) -> bool:
    stronger = "CAPABILITY_NAMED_IAM" if capability == "CAPABILITY_IAM" else capability
    return capability in declared.capabilities or stronger in declared.capabilities


async def _summary(account: Account, declared: Declared, body: Mapping[str, str]) -> dict[str, Any]:
    try:
        return await account.call("cloudformation", "get_template_summary", **body)
    except AwsRefused as refused:
        if refused.code != "ValidationError":
            raise
        raise unreadable(declared, refused.reason) from refused


def _read(raw: Mapping[str, Any]) -> Stack:
    return Stack(
        id=raw["StackId"],
        status=raw["StackStatus"],
        change_set=raw.get("ChangeSetId", ""),
        parameters=frozenset(each["ParameterKey"] for each in raw.get("Parameters", [])),
        outputs={each["OutputKey"]: each["OutputValue"] for each in raw.get("Outputs", [])},
    )


def unreadable(declared: Declared, why: str) -> ActionFailed:
    """Say that the template cannot be used as it is."""
    return ActionFailed(
        worded("{template}, the template of {stack}: {why}", template=declared.template, stack=declared.name, why=why),
        hint=worded("mend the template in the repository, or the stack in the catalog; nothing was changed"),
        error="bad_template",
    )
