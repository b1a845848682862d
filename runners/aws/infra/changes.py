"""A change set: made under the key of the work, read as people read it, and known by what is in it."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from runners.aws.ecs.services import short
from runners.aws.errors import AwsRefused
from runners.aws.infra.stack import Draft, is_gone, look
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from runners.crash import crash_here
from storage.model import artifact
from storage.model.worded import worded

ERRORS = {
    "plan_failed": "what would change cannot be found out; AWS's reason is in the failure",
}
_OURS = "estiva-"
_NOTHING = re.compile(r"didn't contain changes|No updates are to be performed", re.IGNORECASE)
_NO_NAME = re.compile(r"[^a-zA-Z0-9-]+", re.ASCII)
_FIRST, SELDOM, _GROWS = 0.5, 10.0, 1.3
"""Seconds between the first two looks at something; between two late ones; by how much each pause is longer."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one resource."""

    raw: Mapping[str, Any]
    runs: str = ""
    """ARN of the revision that the stack's service of ECS runs."""

    @property
    def danger(self) -> int:
        """Sort what takes something away first."""
        order = ("Remove", "True", "Conditional", "Dynamic", "Modify", "SyncWithActual", "Import", "Add")
        replacing = self.raw.get("Replacement")
        word = replacing if replacing in order else self.raw.get("Action")
        return order.index(word) if word in order else 0

    @property
    def moves_tasks(self) -> bool:
        """Tell whether it gives another task definition to a service of ECS that is there."""
        of_service = (self.raw.get("ResourceType"), self.raw.get("Action")) == ("AWS::ECS::Service", "Modify")
        return of_service and "TaskDefinition" in self._properties()

    @property
    def leaves(self) -> bool:
        """Tell whether all that it does is to name the revision that a service runs by now: nothing happens in ECS."""
        targets = [each.get("Target", {}) for each in self.raw.get("Details", [])]
        named = {target.get("Name") for target in targets} == {"TaskDefinition"}
        given = {target["AfterValue"] for target in targets if "AfterValue" in target}
        return bool(self.runs) and self.moves_tasks and named and given == {self.runs}

    @property
    def line(self) -> str:
        """Say it: resource, what happens to it, and because of which properties; never a value."""
        names = {"type": self.raw.get("ResourceType", ""), "name": self.raw.get("LogicalResourceId", "")}
        names["properties"] = ", ".join(self._properties()) or "-"
        match self.raw.get("Action"):
            case "Add":
                return worded("add {type} {name}", **names)
            case "Import":
                return worded("take over {type} {name}", **names)
            case "Remove" if self.raw.get("PolicyAction") == "Retain":
                return worded("let go of {type} {name}, which stays", **names)
            case "Remove":
                return worded("remove {type} {name}", **names)
            case _ if self.leaves:
                return worded("leave {type} {name} at {revision}, which it runs", **names, revision=short(self.runs))
            case _:
                return self._changing(names)

    def _changing(self, names: Mapping[str, str]) -> str:
        match self.raw.get("Replacement"):
            case "True":
                return worded("replace {type} {name}, because of {properties}", **names)
            case "Conditional":
                return worded("change {type} {name}, perhaps replace it: {properties}", **names)
            case _:
                return worded("change {type} {name}: {properties}", **names)

    def _properties(self) -> list[str]:
        targets = [each.get("Target", {}) for each in self.raw.get("Details", [])]
        return sorted({target.get("Name") or target.get("Attribute", "") for target in targets} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set that was made, or failed to be."""

    id: str
    name: str
    status: str
    execution: str
    reason: str
    made_at: datetime | None
    changes: tuple[Change, ...]
    described: Mapping[str, Any] = field(repr=False)

    @property
    def nothing(self) -> bool:
        """Tell whether there is nothing to change."""
        empty = self.status == "FAILED" and _NOTHING.search(self.reason) is not None
        return empty or (bool(self.changes) and all(each.leaves for each in self.changes))

    def of(self, revision: str) -> "ChangeSet":
        """Give the same for a stack whose service runs a revision."""
        return replace(self, changes=tuple(replace(each, runs=revision) for each in self.changes))

    @property
    def subject(self) -> str:
        """Say which change set it is, and what is in it: people approve exactly this."""
        return artifact.NO_CHANGES if self.nothing else f"{self.id} {self.hash}"

    @property
    def hash(self) -> str:
        """Hash everything that it says it would do, and with what."""
        text = json.dumps(self.described, sort_keys=True, default=str, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def pause(looks: int) -> float:
    """Give the seconds until the next look, after so many: often at first, seldom at what takes long."""
    return float(min(SELDOM, _FIRST * _GROWS ** min(looks, 100)))


def name_of(key: str) -> str:
    """Name the change set of a piece of work: the same for the same key, and no other's."""
    readable = _NO_NAME.sub("-", key)[:100].strip("-")
    return f"{_OURS}{readable}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSets:
    """The change sets of one stack."""

    account: Account
    stack: str
    sink: Sink
    pace: float = 1.0

    async def make(self, key: str, draft: Draft) -> ChangeSet:
        """Find the change set of the key, else let it be made, and wait until it is. Raises `ActionFailed`."""
        name = name_of(key)
        made = await self.find(name)
        if made is None:
            created = await self._create(name, draft)
            made = await self._find_patiently(created)
        looks = 0
        while made is not None and made.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            await asyncio.sleep(pause(looks) * self.pace)
            made, looks = await self._find_patiently(made.id), looks + 1
        if made is None or not (made.status == "CREATE_COMPLETE" or made.nothing):
            why = made.reason if made is not None else worded("it was deleted while it was made")
            raise ActionFailed(
                worded("what would change in {stack} cannot be found out: {why}", stack=self.stack, why=why),
                hint=worded("nothing was changed: mend the template or the stack in the catalog, then ask again"),
                error="plan_failed",
            )
        return made

    async def _find_patiently(self, name: str) -> ChangeSet | None:
        rest = partial(asyncio.sleep, SELDOM * self.pace)
        return await patiently(partial(self.find, name), rest, self.sink, "the change set is looked at again")

    async def find(self, name: str) -> ChangeSet | None:
        """Find a change set by its name or id, with all of its changes; `None`: there is none."""
        asked = {"StackName": self.stack, "ChangeSetName": name, "IncludePropertyValues": True}
        try:
            return _read([page async for page in self.account.pages("cloudformation", "describe_change_set", **asked)])
        except AwsRefused as refused:
            if is_gone(refused):
                return None
            raise

    async def delete(self, name: str) -> None:
        """Delete a change set; one that is gone stays gone."""
        crash_here("stack.forget.before")
        try:
            await self.account.call("cloudformation", "delete_change_set", StackName=self.stack, ChangeSetName=name)
        except AwsRefused as refused:
            if not is_gone(refused):
                raise
        crash_here("stack.forget.after")

    async def delete_others(self, key: str) -> None:
        """Delete what earlier runs left here: they were not approved, and are not true any more."""
        own = name_of(key)
        for name in await self._names():
            if name.startswith(_OURS) and name != own:
                await self.delete(name)

    async def only_ours(self) -> bool:
        """Tell whether the stack waits for change sets of Estiva, and for nobody else's: then Estiva made it."""
        names = await self._names()
        return bool(names) and all(name.startswith(_OURS) for name in names)

    async def delete_with_stack(self, made: ChangeSet) -> None:
        """Delete a change set together with the empty stack that was made for it, if nobody else uses that by now.

        Both at once: a stack without any change set would not tell afterwards whose it is.
        """
        now = await look(self.account, self.stack)
        if now is None:
            return
        if not now.is_empty or set(await self._names()) - {made.name}:
            await self.delete(made.id)
            return
        crash_here("stack.drop.before")
        await self.account.call("cloudformation", "delete_stack", StackName=now.id)
        crash_here("stack.drop.after")

    async def _names(self) -> list[str]:
        try:
            pages = self.account.pages("cloudformation", "list_change_sets", StackName=self.stack)
            return [each["ChangeSetName"] async for page in pages for each in page.get("Summaries", [])]
        except AwsRefused as refused:
            if is_gone(refused):
                return []
            raise

    async def _create(self, name: str, draft: Draft) -> str:
        declared, now = draft.declared, draft.now
        more: dict[str, Any] = {"RoleARN": declared.role} if declared.role else {}
        crash_here("stack.plan.before")
        try:
            answer = await self.account.call(
                "cloudformation",
                "create_change_set",
                StackName=self.stack,
                ChangeSetName=name,
                ClientToken=name,
                ChangeSetType="CREATE" if now is None or now.is_empty else "UPDATE",
                Description=f"made by Estiva as {name}",
                Parameters=draft.given,
                Capabilities=[*declared.capabilities],
                Tags=[{"Key": key, "Value": value} for key, value in declared.tags.items()],
                **draft.body,
                **more,
            )
        except AwsRefused as refused:
            if refused.code == "AlreadyExistsException":  # by the call of a process that died
                return name
            raise
        crash_here("stack.plan.after")
        return str(answer["Id"])


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Put first what takes something away."""
    return sorted(changes, key=lambda change: (change.danger, change.raw.get("LogicalResourceId", "")))


def _read(pages: Sequence[Mapping[str, Any]]) -> ChangeSet:
    first = pages[0]
    raw = [each["ResourceChange"] for page in pages for each in page.get("Changes", []) if "ResourceChange" in each]
    said = {name: first.get(name, []) for name in ("StackId", "Parameters", "Capabilities", "Tags")}
    return ChangeSet(
        id=first["ChangeSetId"],
        name=first["ChangeSetName"],
        status=first["Status"],
        execution=first.get("ExecutionStatus", "UNAVAILABLE"),
        reason=first.get("StatusReason", ""),
        made_at=first.get("CreationTime"),
        changes=tuple(Change(each) for each in raw),
        described={**said, "Changes": raw},
    )
