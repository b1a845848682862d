"""A run as people see it: its plan, and how far each part of it got. `fold` makes it of the events."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from storage.model.approval import Decision
from storage.model.catalog import Action, Stage
from storage.model.gate import GateKind
from storage.model.release import Release
from storage.model.run import Run, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action and how far it got."""

    action: Action
    status: Status = Status.REQUESTED
    attempt: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: str = ""
    """How far it is, as it last said itself."""
    summary: str = ""
    details: tuple[str, ...] = ()
    """What people have to see of its outcome, line by line: what a plan would change."""
    reason: str = ""
    error: str = ""
    """Stable name of what it failed with: see the runner's `errors`."""
    hint: str = ""
    exit_code: int | None = None
    excerpt: tuple[str, ...] = ()
    lingers: str = ""
    """Its work did not stop when it was told to, and may go on in the process of this name."""

    @property
    def untold_code(self) -> int | None:
        """The exit code, unless the reason names it already."""
        return None if re.search(rf"\b(?:code|status):? {self.exit_code}\b", self.reason) else self.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """The approval of a stage, as far as it was asked."""

    approval: str
    needed: int
    expires_at: datetime
    asked_at: datetime | None = None
    given_by: tuple[str, ...] = ()
    decision: Decision = Decision.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    emergency: bool = False
    """Somebody broke the glass."""
    reused: str = ""
    """The earlier approval that counted again."""
    reminders: int = 0
    escalated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitView:
    """A gate of a stage at which the run waits."""

    kind: GateKind
    since: datetime
    opens_at: datetime | None
    """When the clock opens it; `None`: somebody has to."""
    by: str = ""
    """Whose lock or freeze it is, or who paused the run: a Slack user id, or `catalog`."""
    reason: str = ""
    until: datetime | None = None
    """When it was over."""
    opened: bool = False
    """It was over because the run could go on, not because the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseView:
    """A run that somebody has paused: what runs goes on to its end, and nothing new starts."""

    number: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """What a stage puts back that the plan has not, because an action failed that rolls back."""

    release: Release
    """What ran in the environment before this run."""
    stage: Stage
    action: Action
    """What deploys there in the plan: it is done again, with the earlier release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One stage, its actions, and its gate if it is one."""

    stage: Stage
    actions: tuple[ActionView, ...] = ()
    gate: GateView | None = None
    wait: WaitView | None = None
    """The gate at which the run waits now; a stage is waited for at one gate at a time."""
    waits: tuple[WaitView, ...] = ()
    """Those that are over, in their order: gates, locks, turns, and pauses that somebody made before the stage."""
    begun: bool = False
    """All gates are behind it."""
    skipped: bool = False
    restoring: Restoring | None = None
    asked_by: str = ""
    """`stage/action` that is under way and asks: the plan has no such stage, it only shows the question."""
    question: str = ""

    @property
    def status(self) -> Status:
        """Derived from the children, never set."""
        if self.wait is not None:
            return Status.WAITING
        if self.actions or self.begun:
            return worst(action.status for action in self.actions)
        asked = _gate_status(self.gate) if self.stage.approval else Status.REQUESTED
        # an approval that has more gates behind it
        return Status.RUNNING if asked is Status.SUCCEEDED and self.stage.gated else asked


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run, its stages, and what it has made so far."""

    run: Run
    stages: tuple[StageView, ...]
    artifacts: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """`stage/action` -> what it handed on, its artifacts too, by the names in `#{action.NAME}`."""
    status: Status = Status.REQUESTED
    reason: str = ""
    ended_at: datetime | None = None
    waits_since: datetime | None = None
    """Since when it waits: for people, a time, a lock or its turn."""
    waited: timedelta = timedelta()
    """How long it has waited in all, up to the last time that it went on."""
    queue_position: int | None = None
    queue_environment: str | None = None
    queued_at: datetime | None = None
    turns: tuple[str, ...] = ()
    """Environments for which it had to wait, and whose lock it then got."""
    queue_holder: str | None = None
    """The run that the next in the queue waits for."""
    cancelled_by: str | None = None
    superseded_by: str | None = None
    """The newer run that took its turn."""
    paused: PauseView | None = None
    head: str = ""
    """Hash of the run's newest event: the anchor that the final message carries."""

    @property
    def worked(self) -> timedelta | None:
        """How long a run that is over was at work, its waits left out."""
        return self.ended_at - self.run.opened_at - self.waited if self.ended_at else None

    @property
    def failed(self) -> ActionView | None:
        """The first action that failed or broke, if one did."""
        bad = (Status.FAILED, Status.BROKEN)
        return next((a for s in self.stages for a in s.actions if a.status in bad), None)

    @property
    def asking(self) -> bool:
        """Whether a question of it is open: people are to decide."""
        gates = (stage.gate for stage in self.stages if stage.gate)
        return not self.status.over and any(gate.decision is Decision.PENDING for gate in gates)

    def lingering(self, environment: str) -> list[tuple[StageView, ActionView]]:
        """The actions whose work may still go on in an environment although they have ended."""
        there = (stage for stage in self.stages if stage.stage.environment == environment)
        return [(stage, action) for stage in there for action in stage.actions if action.lingers]

    def restored(self, environment: str) -> StageView | None:
        """The stage that puts an environment back, if one was begun."""
        return next((s for s in self.stages if s.restoring and s.stage.environment == environment), None)

    def stage_of(self, action: ActionView) -> str:
        """Name of the stage that an action belongs to."""
        return next(s.stage.name for s in self.stages if action in s.actions)


_ORDER = (
    Status.BROKEN,
    Status.FAILED,
    Status.CANCELLED,
    Status.RUNNING,
    Status.WAITING,
    Status.REQUESTED,
    Status.SUCCEEDED,
)
"""The first that any child has is the parent's; a mix of done and not yet begun is running."""


def worst(children: Iterable[Status]) -> Status:
    """Derive a parent's status from its children's by one ordered list."""
    statuses = set(children)
    if statuses == {Status.REQUESTED, Status.SUCCEEDED}:
        return Status.RUNNING
    return next((status for status in _ORDER if status in statuses), Status.SUCCEEDED)


def _gate_status(gate: GateView | None) -> Status:
    if gate is None:
        return Status.REQUESTED
    return {Decision.PENDING: Status.WAITING, Decision.APPROVED: Status.SUCCEEDED}.get(gate.decision, Status.CANCELLED)
