"""What a stage waits for before its actions: approval, pause, window, its turn in the environment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.slack.cards.gates import hours, waiting_at
from bot.slack.cards.run_card import decision_line
from bot.slack.cards.shown import Surroundings
from commands.times import lasting
from storage.model.approval import Decision
from storage.model.gate import GateKind
from storage.model.moment import token
from storage.model.run import Status
from storage.model.view import GateView, RunView, StageView, WaitView

_NOTICED = timedelta(seconds=1)
"""A shorter wait is not told, and not drawn when it is none of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An action, or something that a stage waits for."""

    name: str
    """As the catalog calls it."""
    anchor: str
    """What its place on the page is called; the same however the run goes on, and in every language."""
    title: str
    """What it does, has done, or waits for."""
    status: Status
    skipped: bool = False
    """The run is over and it was never begun."""
    short: str = ""
    """The title in a word or two, where there is little room."""
    took: str = ""
    notes: tuple[str, ...] = ()
    """What else is to be said: attempts, what came out, who may decide and until when.

    Moments stand in it as `storage.model.moment` writes them: who shows it writes them by the reader's clock.
    """
    reason: str = ""
    """Why it failed or was stopped."""
    cause: str = ""
    """The line of its log that says that best, where the reason does not."""
    said_above: bool = False
    """The head of the run says both."""
    hint: str = ""
    started_at: datetime | None = None
    """When it began to run, or the run to wait for it."""
    ended_at: datetime | None = None
    attempt: int = 0
    log: tuple[str, str] | None = None
    """Stage and action under which its log is kept, when it has begun."""

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Everything that is to be said, for who sees this node alone."""
        return given(*self.notes, self.reason)


def waits(view: RunView, stage: StageView, around: Surroundings, now: datetime) -> tuple[Node, ...]:
    """List what the stage waits for, has waited for or will, in the order in which it is passed."""
    return tuple(_Waits(view, stage, around, now).nodes())


def anchor(*parts: str) -> str:
    """Name a place on the page by stage and action: no two lists of parts give the same name."""
    return "/".join(quote(part, safe="") for part in parts)


def given(*texts: str) -> tuple[str, ...]:
    """Keep those that say something."""
    return tuple(text for text in texts if text)


@dataclass(frozen=True, slots=True)
class _Waits:
    view: RunView
    stage: StageView
    around: Surroundings
    now: datetime

    def nodes(self) -> Iterator[Node]:
        plan = self.stage.stage
        if plan.succeeded_in is not None:
            yield self._success(plan.succeeded_in)
        if plan.approval:
            yield self._approval()
        if plan.pause:
            yield self._gate(GateKind.PAUSE)
        if plan.window is not None:
            yield self._gate(GateKind.WINDOW)
        yield from self._unplanned()

    def _unplanned(self) -> Iterator[Node]:
        """Draw what the plan does not say: locks, turns and pauses, while they last and when they took their time."""
        if self._now_at(GateKind.LOCK) or self._over(GateKind.LOCK):
            yield self._lock()
        if self._queues() or self._over(GateKind.TURN):
            yield self._place()
        if self._halted() or self._over(GateKind.HOLD):
            yield self._halt()

    def _success(self, environment: str) -> Node:
        say = self.around.say
        passed = self.stage.begun or self.stage.gate is not None or self.stage.wait is not None
        title = say("The same image has succeeded in {environment}", environment=environment)
        status = Status.SUCCEEDED if passed else Status.REQUESTED
        return self._node("success", say("Success"), title, status, short=environment)

    def _approval(self) -> Node:
        say, gate = self.around.say, self.stage.gate
        if gate is None:
            environment = self.stage.stage.environment or self.view.run.plan.environment.name
            title = say("Ask for approval for {environment}", environment=environment)
            return self._node("approval", say("Approval"), title, Status.REQUESTED)
        short = f"{len(gate.given_by)}/{gate.needed}" if gate.decision is Decision.PENDING else say(gate.decision.value)
        title = decision_line(gate, self.around)
        drawn = self._node("approval", say("Approval"), title, _decided(gate), *self._about(gate), short=short)
        return self._timed(drawn, gate.asked_at, gate.decided_at or self.view.ended_at)

    def _about(self, gate: GateView) -> tuple[str, ...]:
        say, around = self.around.say, self.around
        if gate.decision is not Decision.PENDING:
            return given(gate.reason)
        so_far = say("Approved by {name}", name=self._names(gate.given_by)) if gate.given_by else ""
        may = say("May approve: {names}", names=self._names(around.approvers)) if around.approvers else ""
        lacking = say(around.lacking) if around.lacking else ""
        return given(so_far, may, lacking, say("Until {time}", time=token(gate.expires_at)))

    def _gate(self, kind: GateKind) -> Node:
        say, window = self.around.say, self.stage.stage.window
        name = say("Manual pause") if kind is GateKind.PAUSE else say("Window")
        if self._now_at(kind):
            return self._waited(self._node(kind, name, waiting_at(self.stage, self.around), Status.WAITING), kind)
        status = self._past(kind)
        if status is Status.SUCCEEDED:
            title = say("Resumed") if kind is GateKind.PAUSE else say("The window is open")
        elif kind is GateKind.WINDOW and window is not None:
            title = say("Wait for the window: {window}", window=hours(window))
        else:
            title = say("Wait to be resumed")
        return self._waited(self._node(kind, name, title, status), kind)

    def _past(self, kind: GateKind) -> Status:
        """Tell how a gate of the plan stands at which the run does not wait now."""
        waited = [each for each in self.stage.waits if each.kind is kind]
        # a pause comes before a window
        if self.stage.begun or any(each.opened for each in waited) or (kind is GateKind.PAUSE and self.stage.wait):
            return Status.SUCCEEDED
        return Status.CANCELLED if waited else Status.REQUESTED

    def _lock(self) -> Node:
        say = self.around.say
        if self._now_at(GateKind.LOCK):
            drawn = self._node(GateKind.LOCK, say("Lock"), waiting_at(self.stage, self.around), Status.WAITING)
        else:
            title = say("Waited for the end of a lock or freeze")
            drawn = self._node(GateKind.LOCK, say("Lock"), title, self._ended(GateKind.LOCK))
        return self._waited(drawn, GateKind.LOCK)

    def _queues(self) -> bool:
        """Tell whether this is the stage that waits for its environment: the first one there that has not begun."""
        view = self.view
        if view.queue_position is None:
            return False
        there = (each for each in view.stages if each.stage.environment == view.queue_environment and not each.begun)
        return self.stage is next((each for each in there if each.status is Status.REQUESTED), None)

    def _halted(self) -> bool:
        """Tell whether this is the stage that does not begin because somebody paused the run."""
        if self.view.paused is None or self.view.status.over:
            return False
        return self.stage is next((each for each in self.view.stages if each.status is Status.REQUESTED), None)

    def _halt(self) -> Node:
        say, paused = self.around.say, self.view.paused
        if paused is None or not self._halted():
            by = next(each.by for each in reversed(self.stage.waits) if each.kind is GateKind.HOLD)
            title = say("Paused by {name}", name=self.around.name(by))
            return self._waited(
                self._node(GateKind.HOLD, say("Manual pause"), title, self._ended(GateKind.HOLD)), GateKind.HOLD
            )
        who = self.around.name(paused.by)
        drawn = self._node(
            GateKind.HOLD, say("Manual pause"), say("Paused by {name}", name=who), Status.WAITING, short=who
        )
        return self._waited(drawn, GateKind.HOLD, paused.at)

    def _place(self) -> Node:
        say, view = self.around.say, self.view
        if not self._queues():
            title = say("Waited for its turn in {environment}", environment=self.stage.stage.environment or "")
            return self._waited(
                self._node(GateKind.TURN, say("Queue"), title, self._ended(GateKind.TURN)), GateKind.TURN
            )
        title = say(
            "Waiting for {environment}: number {position} in the queue",
            environment=view.queue_environment or "",
            position=view.queue_position or 0,
        )
        holder = say("{run} is there now", run=view.queue_holder) if view.queue_holder else ""
        short = say("behind {run}", run=view.queue_holder) if view.queue_holder else ""
        drawn = self._node(GateKind.TURN, say("Queue"), title, Status.WAITING, holder, short=short)
        return self._waited(drawn, GateKind.TURN, view.queued_at)

    def _node(self, what: str, name: str, title: str, status: Status, *notes: str, short: str = "") -> Node:
        return Node(
            name=name,
            anchor=anchor(self.stage.stage.name, "before", what),
            title=title,
            status=status,
            skipped=self.view.status.over and status is Status.REQUESTED,
            notes=given(*notes),
            short=short,
        )

    def _now_at(self, kind: GateKind) -> bool:
        return self.stage.wait is not None and self.stage.wait.kind is kind

    def _over(self, kind: GateKind) -> bool:
        """Tell whether the stage has waited long enough for something to be told."""
        return _length(each for each in self.stage.waits if each.kind is kind) >= _NOTICED

    def _ended(self, kind: GateKind) -> Status:
        went_on = any(each.opened for each in self.stage.waits if each.kind is kind)
        return Status.SUCCEEDED if went_on else Status.CANCELLED

    def _waited(self, node: Node, kind: GateKind, since: datetime | None = None) -> Node:
        """Add when a wait of the stage began, and how long it was or is: all of its kind together."""
        at = self.stage.wait.since if self.stage.wait and self._now_at(kind) else since
        waits = [each for each in self.stage.waits if each.kind is kind]
        begun = min((each.since for each in waits), default=at)
        if begun is None:
            return node
        took = _length(waits) + (self.now - at if at else timedelta())
        ended = None if at else max(each.until or each.since for each in waits)
        return replace(node, started_at=begun, ended_at=ended, took=_noticed(took))

    def _timed(self, node: Node, begun: datetime | None, ended: datetime | None) -> Node:
        if begun is None:
            return node
        return replace(node, started_at=begun, ended_at=ended, took=_noticed((ended or self.now) - begun))

    def _names(self, users: Sequence[str]) -> str:
        return ", ".join(self.around.name(user) for user in users)


def _length(waits: Iterable[WaitView]) -> timedelta:
    return sum(((each.until or each.since) - each.since for each in waits), timedelta())


def _noticed(took: timedelta) -> str:
    return lasting(took) if took >= _NOTICED else ""


def _decided(gate: GateView) -> Status:
    known = {Decision.PENDING: Status.WAITING, Decision.APPROVED: Status.SUCCEEDED}
    return known.get(gate.decision, Status.CANCELLED)
