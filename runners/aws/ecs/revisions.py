"""Task definitions of ECS: a new revision made of the one that the service uses, and found again by its tags.

What a revision was made for stands in its tags, so that it is there as long as the revision is: the key of the work,
the image, and the revision that the service used before. That chain is what a rollback goes back along.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runners import registry
from runners.aws.ecs.services import short
from runners.aws.session import Account
from runners.aws.unmodelled import UNMODELLED
from runners.crash import crash_here
from storage.model.worded import worded

KEY, RUN, DIGEST, PREVIOUS = "estiva:key", "estiva:run", "estiva:digest", "estiva:previous"
UNDONE = "estiva:undone"
"""Tag of a revision that a stack made, in a change that was rolled back."""
_VARIABLES = "estiva.variables"
"""Label of a container: names of the variables that Estiva gave it, to take them away again."""
_SECRETS = "estiva.secrets"
"""The same for its secrets."""
_OURS, _AWS = "estiva:", "aws:"
_LOOKED_AT = 10
"""Revisions that a key may be found on, newest first; and how far back a rollback is followed."""
_BEFORE = 2
"""So many revisions before the one in use are looked at too: somebody may have deployed since, past Estiva."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision, and what it was made for."""

    arn: str
    definition: Mapping[str, Any]
    tags: Mapping[str, str]
    unmodelled: Sequence[str] = ()
    """Fields of it that the installed SDK does not know: a revision that is made of this one has them not."""

    @property
    def name(self) -> str:
        """Give `hello:7`."""
        return short(self.arn)

    @property
    def number(self) -> int:
        """Give the 7 of `hello:7`."""
        return number_of(self.arn)

    @property
    def containers(self) -> Sequence[Mapping[str, Any]]:
        """Its containers, as ECS has them."""
        return list(self.definition.get("containerDefinitions", []))

    @property
    def registered_at(self) -> datetime | None:
        """When it was made."""
        made: datetime | None = self.definition.get("registeredAt")
        return made

    def image_of(self, container: str) -> str:
        """Give the image of a container."""
        return next((str(each.get("image", "")) for each in self.containers if each["name"] == container), "")

    def container_of(self, repository: str) -> str:
        """Name the container whose image is of a repository; empty when there is none."""
        mine = (each["name"] for each in self.containers if repository_of(each.get("image", "")) == repository)
        return next(mine, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is new in a revision."""

    images: Mapping[str, str]
    """Container -> image, by digest."""
    container: str
    """The container that gets the variables."""
    variables: Mapping[str, str]
    tags: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variable -> where ECS finds its value; for the same container."""


def number_of(arn: str) -> int:
    """Give the 7 of `hello:7`."""
    return int(arn.rpartition(":")[2])


def repository_of(image: str) -> str:
    """Give an image's name without tag and digest."""
    return registry.split(image)[0]


async def read(account: Account, arn: str) -> Revision:
    """Read a revision with its tags."""
    answer = await account.call("ecs", "describe_task_definition", taskDefinition=arn, include=["TAGS"])
    tags = {tag["key"]: tag.get("value", "") for tag in answer.get("tags", [])}
    definition = answer["taskDefinition"]
    unknown = [path.removeprefix("taskDefinition.") for path in answer.get(UNMODELLED, ())]
    return Revision(arn=definition["taskDefinitionArn"], definition=definition, tags=tags, unmodelled=unknown)


async def found(account: Account, key: str, current: Revision) -> Revision | None:
    """Find the revision that was made for a key: the one in use, or one made after it and never used."""
    if current.tags.get(KEY) == key:
        return current
    family = current.definition["family"]
    answer = await account.call(
        "ecs", "list_task_definitions", familyPrefix=family, sort="DESC", maxResults=_LOOKED_AT, status="ACTIVE"
    )
    for arn in answer["taskDefinitionArns"]:
        if arn == current.arn or number_of(arn) < current.number - _BEFORE:
            continue
        each = await read(account, arn)
        if each.tags.get(KEY) == key:
            return each
    return None


async def newest(account: Account, current: Revision) -> Revision | None:
    """Find the newest revision of the family that others made since the one in use: an operator, or a stack."""
    family = current.definition["family"]
    given = {"familyPrefix": family, "sort": "DESC", "status": "ACTIVE"}
    async for page in account.pages("ecs", "list_task_definitions", **given):
        for arn in page["taskDefinitionArns"]:
            if number_of(arn) <= current.number:
                return None
            each = await read(account, arn)
            if not any(tag.startswith(_OURS) for tag in each.tags):
                return each
    return None


async def earlier(account: Account, current: Revision, is_wanted: Callable[[Revision], bool]) -> Revision | None:
    """Find the revision that is wanted among those that the service used before, along the chain of what it used."""
    seen, at = {current.arn}, current
    for _ in range(_LOOKED_AT):
        if is_wanted(at):
            return at if at.definition.get("status") == "ACTIVE" else None
        before = at.tags.get(PREVIOUS, "")
        if not before or before in seen:
            return None
        seen.add(before)
        at = await read(account, before)
    return None


async def register(account: Account, base: Revision, change: Change) -> Revision:
    """Make the new revision."""
    given = derived(base, change, await members(account))
    crash_here("ecs.register.before")
    answer = await account.call("ecs", "register_task_definition", **given)
    crash_here("ecs.register.after")
    made = answer["taskDefinition"]
    tags = {tag["key"]: tag["value"] for tag in given["tags"]}
    return Revision(arn=made["taskDefinitionArn"], definition=made, tags=tags)


async def members(account: Account) -> Collection[str]:
    """Name the fields of a task definition that the installed SDK can register."""
    known: Collection[str] = (await account.model("ecs", "RegisterTaskDefinition")).input_shape.members
    return known


def derived(base: Revision, change: Change, members: Collection[str]) -> dict[str, Any]:
    """Give what is registered: all of the old revision that can be registered, with the change.

    `members` are the fields that the installed SDK can register: what AWS adds one day is kept as soon as it knows it.
    """
    kept = {name: value for name, value in base.definition.items() if name in members}
    kept["containerDefinitions"] = [_container(each, change) for each in base.containers]
    theirs = {key: value for key, value in base.tags.items() if not key.startswith((_OURS, _AWS))}
    kept["tags"] = [{"key": key, "value": value} for key, value in {**theirs, **change.tags}.items()]
    return kept


def _container(old: Mapping[str, Any], change: Change) -> dict[str, Any]:
    new = dict(old)
    if old["name"] in change.images:
        new["image"] = change.images[old["name"]]
    if old["name"] == change.container:
        labels = dict(old.get("dockerLabels", {}))
        given_before = labels.get(_VARIABLES, "").split()
        gone = {*given_before, *change.secrets}
        kept = {name: value for name, value in _variables_of(old).items() if name not in gone}
        merged = {**kept, **change.variables}
        new["environment"] = [{"name": name, "value": value} for name, value in sorted(merged.items())]
        new["dockerLabels"] = {**labels, _VARIABLES: " ".join(sorted(change.variables))}
        _give_secrets(new, labels.get(_SECRETS, "").split(), change.secrets)
    return new


def _give_secrets(new: dict[str, Any], given_before: Collection[str], secrets: Mapping[str, str]) -> None:
    """Put the secrets into a container in place of those that it got the last time; others' stay."""
    merged = {name: each for name, each in _secrets_of(new).items() if name not in given_before} | {**secrets}
    if not merged and not given_before:
        return
    new["secrets"] = [{"name": name, "valueFrom": each} for name, each in sorted(merged.items())]
    labels = {name: each for name, each in new["dockerLabels"].items() if name != _SECRETS}
    new["dockerLabels"] = labels | ({_SECRETS: " ".join(sorted(secrets))} if secrets else {})


def lost(base: Revision) -> list[str]:
    """Say what a revision that is made of this one has not, because the installed SDK does not know it."""
    if not base.unmodelled:
        return []
    names = ", ".join(base.unmodelled[:_LOOKED_AT])
    return [worded("lost, as Estiva's SDK of AWS is too old to know it: {names}", names=names)]


_PASSING = {"ESTIVA_RUN", "ESTIVA_COMMIT", "ESTIVA_DIGEST"}
"""Variables that are another's in every release: nobody asks whether they differ."""


_SHOWN = ("cpu", "memory", "networkMode", "taskRoleArn", "executionRoleArn")
"""What is shown with its value; of all else that differs only the names."""
_ITS_OWN = {"name", "image", "environment", "secrets", "dockerLabels"}
"""Fields of a container that are told apart in words of their own, or are Estiva's."""


def difference(old: Mapping[str, Any], new: Mapping[str, Any], members: Collection[str]) -> list[str]:
    """Say what a change makes different, one line each; of variables only the names: values may be anybody's.

    `members` are the fields that can be registered: ECS shows more, which is another's in every revision.
    """
    before = {each["name"]: each for each in old.get("containerDefinitions", [])}
    becomes = {each["name"]: each for each in new["containerDefinitions"]}
    lines: list[str] = [
        worded("{what}: {old} becomes {new}", what=name, old=old.get(name, "-"), new=new.get(name, "-"))
        for name in _SHOWN
        if old.get(name) != new.get(name)
    ]
    others = _differing(old, new) & set(members) - {*_SHOWN, "family", "tags", "containerDefinitions"}
    if others:
        lines.append(worded("what differs besides: {names}", names=", ".join(sorted(others))))
    if fresh := _listed(set(becomes) - set(before)):
        lines.append(worded("new containers: {names}", names=fresh))
    if gone := _listed(set(before) - set(becomes)):
        lines.append(worded("containers that go: {names}", names=gone))
    for name, each in becomes.items():
        lines += _in_container(before.get(name, {}), each)
        others = _differing(before[name], each) - _ITS_OWN if name in before else set()
        if others:
            lines.append(worded("{name}: what differs besides: {names}", name=name, names=", ".join(sorted(others))))
    return lines


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Name the fields that differ; nothing and what is empty are the same."""
    return {name for name in {*old, *new} if (old.get(name) or None) != (new.get(name) or None)}


def _in_container(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    name = new["name"]
    lines: list[str] = []
    if old.get("image") != new.get("image"):
        lines.append(
            worded("{name}: image {old} becomes {new}", name=name, old=old.get("image", "-"), new=new.get("image", "-"))
        )
    was, becomes = _variables_of(old), _variables_of(new)
    if fresh := _listed(set(becomes) - set(was)):
        lines.append(worded("{name}: new variables: {names}", name=name, names=fresh))
    if gone := _listed(set(was) - set(becomes)):
        lines.append(worded("{name}: variables that go: {names}", name=name, names=gone))
    if changed := _listed({each for each in set(was) & set(becomes) if was[each] != becomes[each]}):
        lines.append(worded("{name}: variables with another value: {names}", name=name, names=changed))
    return lines + _of_secrets(name, _secrets_of(old), _secrets_of(new))


def _of_secrets(name: str, was: Mapping[str, str], becomes: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    if fresh := _listed(set(becomes) - set(was)):
        lines.append(worded("{name}: new secrets: {names}", name=name, names=fresh))
    if gone := _listed(set(was) - set(becomes)):
        lines.append(worded("{name}: secrets that go: {names}", name=name, names=gone))
    if moved := _listed({each for each in set(was) & set(becomes) if was[each] != becomes[each]}):
        lines.append(worded("{name}: secrets from another place: {names}", name=name, names=moved))
    return lines


def _variables_of(container: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container.get("environment", [])}


def _secrets_of(container: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["valueFrom"] for each in container.get("secrets", [])}


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(set(names) - _PASSING))
