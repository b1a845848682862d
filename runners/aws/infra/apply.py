"""Applying a change set: begun once, followed by its events to the stack's end, cancelled where AWS can do that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from runners.aws.errors import AwsRefused
from runners.aws.infra.changes import SELDOM, ChangeSets, name_of, pause
from runners.aws.infra.running import Running
from runners.aws.infra.stack import Stack, look
from runners.aws.patience import patiently
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from runners.crash import crash_here
from storage.model.worded import joined, worded

T = TypeVar("T")
ERRORS = {
    "changes_gone": "the plan that was approved is not there any more, or the infrastructure has changed since",
    "changes_differ": "the plan that is there is not the one that was approved",
    "stack_rolled_back": "a resource failed, and CloudFormation has put the stack back",
    "stack_stuck": "the stack can go neither forward nor back until somebody has mended it",
    "stack_failed": "a resource failed, and the stack is left as it is",
    "stack_unseen": "the stack shows nothing of what was begun",
}
_WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_BACK = ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_STUCK = ("ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED", "DELETE_FAILED")
_STACK = "AWS::CloudFormation::Stack"
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
_UNSEEN, _LATE = 40, 4
"""Looks after which what was begun should show itself; and for which the last events may come after the end."""


@dataclass(slots=True, kw_only=True)
class Apply:
    """One approved change set of one stack."""

    account: Account
    stack: str
    approved: str
    """Id and hash of the change set, as people approved it."""
    sink: Sink
    running: Running | None = None
    """What the stack's service ran when it was planned, and goes on with; `None`: nobody asked."""
    pace: float = 1.0
    _told: set[str] = field(default_factory=set, init=False)
    _since: datetime | None = field(default=None, init=False)
    """When the change set was made: nothing of ours happened before. `None`: not known any more."""
    _kept: str = field(default="", init=False)
    """What was done to let the service go on with what it runs."""
    waits: bool = field(default=False, init=False)
    """Whether a task definition was changed that only a deploy brings to the service."""

    async def run(self) -> Stack:
        """Begin what is not begun, and follow it to its end. Raises `ActionFailed`."""
        await self._patiently(self._begin, "it is looked at again what became of it")
        return await self._to_its_end()

    async def stop(self) -> None:
        """Let CloudFormation cancel an update of ours that is under way; what is being created goes on.

        Where the stack has a service its rollback is followed, until that runs again what it ran.
        """
        now = await look(self.account, self.stack)
        if now is None or not now.busy or not _begun(await self._events(now), self._token):
            return
        if now.status == "UPDATE_IN_PROGRESS":
            await self._cancel()
        if self.running is not None and now.status.startswith("UPDATE_"):
            with suppress(ActionFailed):  # how it ends is told by nobody any more
                await self._to_its_end()

    async def _cancel(self) -> None:
        crash_here("stack.cancel.before")
        await self.account.call(
            "cloudformation", "cancel_update_stack", StackName=self.stack, ClientRequestToken=f"{self._token}-cancel"
        )
        crash_here("stack.cancel.after")
        self.sink.line(f"{self.stack}: the update is cancelled, and what it did is put back")

    @property
    def _id(self) -> str:
        return self.approved.partition(" ")[0]

    @property
    def _token(self) -> str:
        return name_of(self._id)

    async def _begin(self) -> None:
        now = await look(self.account, self.stack)
        if now is not None and now.change_set == self._id and not now.is_empty:
            return
        planned = await ChangeSets(account=self.account, stack=self.stack, sink=self.sink).find(self._id)
        if planned is None or planned.execution in ("OBSOLETE", "UNAVAILABLE"):
            raise _gone(self.stack)
        if planned.subject != self.approved:
            raise ActionFailed(
                worded("the change set of {stack} is not the one that was approved", stack=self.stack),
                hint=worded("nothing was changed: ask for the plan again"),
                error="changes_differ",
            )
        self._since = planned.made_at
        if planned.execution == "AVAILABLE":
            if self.running is not None:
                await self.running.check()
            await self._execute()

    async def _execute(self) -> None:
        crash_here("stack.apply.before")
        try:
            await self.account.call(
                "cloudformation",
                "execute_change_set",
                StackName=self.stack,
                ChangeSetName=self._id,
                ClientRequestToken=self._token,
            )
        except AwsRefused as refused:
            if refused.code not in ("InvalidChangeSetStatus", "ChangeSetNotFound"):
                raise
            now = await look(self.account, self.stack)
            if now is None or now.change_set != self._id:  # else by the call of a process that died
                raise _gone(self.stack) from refused
        crash_here("stack.apply.after")
        self.sink.line(f"{self.stack}: the approved change set is applied")

    async def _to_its_end(self) -> Stack:
        looks = late = 0
        while True:
            now, events = await self._patiently(self._look, "the stack goes on, and is looked at again")
            self._tell(events)
            if self.running is not None:
                self._kept = (
                    await self._patiently(partial(self.running.keep, events), "it is tried again") or self._kept
                )
            over = bool(events) and not now.busy
            if over and (_tell_of(now, events) or late == _LATE):
                await self._settle(now, events)
                return self._ended(now, events)
            looks, late = looks + 1, late + over
            if not events and looks > _UNSEEN:
                raise _unseen(self.stack)
            await asyncio.sleep(pause(looks) * self.pace)

    async def _settle(self, now: Stack, events: Sequence[Mapping[str, Any]]) -> None:
        """See to what becomes of a task definition that was changed."""
        if self.running is not None and now.status in _WELL:
            self.waits = self.running.waits(events)
        elif self.running is not None:
            await self._patiently(partial(self.running.undo, events), "it is tried again")

    async def _look(self) -> tuple[Stack, Sequence[Mapping[str, Any]]]:
        now = await look(self.account, self.stack)
        if now is None:
            raise _unseen(self.stack)
        return now, _begun(await self._events(now), self._token)

    async def _patiently(self, question: Callable[[], Awaitable[T]], goes_on: str) -> T:
        return await patiently(question, partial(asyncio.sleep, SELDOM * self.pace), self.sink, goes_on)

    async def _events(self, now: Stack) -> Sequence[Mapping[str, Any]]:
        """Read what happened to the stack, oldest first, back to the beginning of what was begun last."""
        found: list[Mapping[str, Any]] = []
        async for page in self.account.pages("cloudformation", "describe_stack_events", StackName=now.id):
            found += page["StackEvents"]
            if self._is_far_enough(page["StackEvents"]):
                break
        return found[::-1]

    def _is_far_enough(self, page: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether a page has the very beginning of ours, or goes back to before there was anything of ours."""
        if any(event.get("ClientRequestToken") == self._token and _is_a_beginning(event) for event in page):
            return True
        return self._since is not None and any(event["Timestamp"] < self._since for event in page)

    def _tell(self, events: Sequence[Mapping[str, Any]]) -> None:
        for event in events:
            if event["EventId"] not in self._told:
                self._told.add(event["EventId"])
                reason = event.get("ResourceStatusReason", "")
                what = f"{event['ResourceStatus']} {event['ResourceType']} {event['LogicalResourceId']}"
                self.sink.line(f"{self.stack}: {what}" + (f": {reason}" if reason else ""))

    def _ended(self, now: Stack, events: Sequence[Mapping[str, Any]]) -> Stack:
        if now.status in _WELL:
            return now
        status = worded("{stack} is {status}", stack=self.stack, status=now.status)
        why = joined([_first_failure(events), status, self._kept])
        if now.status in _BACK:
            created = now.status == "ROLLBACK_COMPLETE"
            hint = (
                worded(
                    "nothing of it is there: delete the stack {stack}, mend the cause, then ask again", stack=self.stack
                )
                if created
                else worded("all is as it was before: mend the cause, then ask again")
            )
            raise ActionFailed(why, hint=hint, error="stack_rolled_back")
        raise (
            stuck(self.stack, now, why)
            if now.status in _STUCK
            else ActionFailed(
                why, hint=worded("look at the stack in AWS, mend it there, then ask again"), error="stack_failed"
            )
        )


def stuck(name: str, now: Stack, why: str = "") -> ActionFailed:
    """Say that a stack needs somebody's hand, and which."""
    hint = worded("look at the stack in AWS, mend it there, then ask again")
    if now.status == "UPDATE_ROLLBACK_FAILED":
        hint = worded("mend what it says, let CloudFormation continue the update's rollback, then ask again")
    elif now.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"):
        hint = worded("it was never made whole: delete the stack {stack}, then ask again", stack=name)
    text = why or worded("{stack} is {status}", stack=name, status=now.status)
    return ActionFailed(text, hint=hint, error="stack_stuck")


def _begun(events: Sequence[Mapping[str, Any]], token: str) -> Sequence[Mapping[str, Any]]:
    """Give the events from the first of ours on; none when there is no such."""
    at = next((n for n, event in enumerate(events) if event.get("ClientRequestToken") == token), None)
    return () if at is None else events[at:]


def _tell_of(now: Stack, events: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the events go as far as the stack: it may be over before they say so, and why."""
    return any(_of_stack(event) and event["ResourceStatus"] == now.status for event in events)


def _is_a_beginning(event: Mapping[str, Any]) -> bool:
    """Tell whether something begins with an event: the stack itself is told first, and then its resources."""
    return _of_stack(event) and event["ResourceStatus"] in _BEGINNINGS


def _of_stack(event: Mapping[str, Any]) -> bool:
    return (event["ResourceType"], event["LogicalResourceId"]) == (_STACK, event["StackName"])


def _first_failure(events: Sequence[Mapping[str, Any]]) -> str:
    """Say what failed first: all later failures are only cancelled because of it."""
    for event in events:
        if (
            event["ResourceStatus"].endswith("_FAILED")
            and "cancelled" not in event.get("ResourceStatusReason", "").lower()
        ):
            return worded(
                "{name} ({type}) failed: {why}",
                name=event["LogicalResourceId"],
                type=event["ResourceType"],
                why=event.get("ResourceStatusReason", "") or "-",
            )
    return ""


def _gone(stack: str) -> ActionFailed:
    return ActionFailed(
        worded("the approved change set of {stack} is not there, or the stack has changed since", stack=stack),
        hint=worded("nothing was changed: ask for the plan again"),
        error="changes_gone",
    )


def _unseen(stack: str) -> ActionFailed:
    return ActionFailed(
        worded("{stack} shows nothing of the change set that was applied", stack=stack),
        hint=worded("look at the stack in AWS; then ask for the plan again"),
        error="stack_unseen",
    )
