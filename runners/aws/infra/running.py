"""The service of ECS that a stack holds: it stays on the revision that it runs, whatever becomes of the stack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.aws.ecs import services
from runners.aws.ecs.revisions import UNDONE
from runners.aws.ecs.services import Target
from runners.aws.errors import AwsRefused
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from runners.crash import crash_here
from storage.model.worded import worded

_DEFINITION, _SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
_MADE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
Events = Sequence[Mapping[str, Any]]
"""What happened to the stack since the change set was begun, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a service ran when the change set was planned."""

    account: Account
    target: Target
    planned: str
    """ARN of its revision, which the change set gives back to it; empty: there was no such service."""
    sink: Sink

    async def check(self) -> None:
        """Raise `ActionFailed` when the service has moved on: the change set would put an older release back."""
        now = await revision_of(self.account, self.target)
        if now != self.planned:
            raise ActionFailed(
                worded(
                    "{target} runs {now}, and the approved change set would put {planned} there",
                    target=self.target,
                    now=services.short(now) or "-",
                    planned=services.short(self.planned) or "-",
                ),
                hint=worded("nothing was changed: ask for the plan again"),
                error="changes_gone",
            )

    async def keep(self, events: Events) -> str:
        """Give the service back what it ran when a rollback of the stack took that from it; says what was done.

        CloudFormation goes back to what the stack gave the service the last time, and there were deploys since then.
        Raises `ActionFailed` when the same may go well later.
        """
        if not self.planned or not any(event["ResourceType"] == _SERVICE for event in _rolling_back(events)):
            return ""
        if await revision_of(self.account, self.target) in ("", self.planned):
            return ""
        crash_here("stack.keep.before")
        try:
            await self.account.call("ecs", "update_service", **self.target.named, taskDefinition=self.planned)
        except AwsRefused as refused:
            if refused.retryable:
                raise
            return worded("{target} could not be put back: {reason}", target=self.target, reason=refused.reason)
        crash_here("stack.keep.after")
        text = worded("{target} goes back to {revision}", target=self.target, revision=services.short(self.planned))
        self.sink.line(text)
        return text

    async def undo(self, events: Events) -> None:
        """Mark the revisions of a change that was rolled back, so that no deploy takes them for what is wanted.

        Raises `ActionFailed` when the same may go well later.
        """
        for arn in _defined(_before_rollback(events)):
            crash_here("stack.undo.before")
            try:
                tags = [{"key": UNDONE, "value": services.short(self.target.service)}]
                await self.account.call("ecs", "tag_resource", resourceArn=arn, tags=tags)
            except AwsRefused as refused:
                if refused.retryable:
                    raise
                self.sink.line(f"{services.short(arn)} could not be marked as undone: {refused.reason}")
            crash_here("stack.undo.after")

    def waits(self, events: Events) -> bool:
        """Tell whether a task definition was changed that the service does not run yet."""
        return bool(self.planned) and any(_defined(events))


async def revision_of(account: Account, target: Target) -> str:
    """Give the ARN of the revision that a service runs; empty when there is no such service."""
    try:
        return (await services.look(account, target)).task_definition
    except ActionFailed as failure:
        if failure.error != "no_service":
            raise
        return ""


def _defined(events: Events) -> Iterator[str]:
    """Give the ARNs of the revisions that were made."""
    for event in events:
        if event["ResourceType"] == _DEFINITION and event["ResourceStatus"] in _MADE:
            yield str(event.get("PhysicalResourceId", ""))


def _at_rollback(events: Events) -> int:
    return next((at for at, event in enumerate(events) if event["ResourceStatus"] == _BACK), len(events))


def _before_rollback(events: Events) -> Events:
    return events[: _at_rollback(events)]


def _rolling_back(events: Events) -> Events:
    return events[_at_rollback(events) :]
