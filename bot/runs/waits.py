"""What a stage waits for before its actions: approval, pause, window, its turn in the environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.slack.cards.gates import hours, waiting_at
from bot.slack.cards.run_card import decision_line
from bot.slack.cards.shown import Surroundings
from storage.model.approval import Decision
from storage.model.gate import GateKind
from storage.model.run import Status
from storage.model.view import GateView, RunView, StageView


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An action, or something that a stage waits for."""

    name: str
    """As the catalog calls it."""
    title: str
    """What it does, has done, or waits for."""
    status: Status
    skipped: bool = False
    """The run is over and it was never begun."""
    short: str = ""
    """The title in a word or two, where there is little room."""
    took: str = ""
    notes: tuple[str, ...] = ()
    """What else is to be said: attempts, what came out, why it failed, who may decide and until when."""
    hint: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempt: int = 0
    log: tuple[str, str] | None = None
    """Stage and action under which its log is kept, when it has begun."""


def waits(view: RunView, stage: StageView, around: Surroundings) -> tuple[Node, ...]:
    """List what the stage waits for, has waited for or will, in the order in which it is passed."""
    return tuple(_Waits(view, stage, around).nodes())


def moment(at: datetime) -> str:
    """Write a time so that everybody reads it the same."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def given(*texts: str) -> tuple[str, ...]:
    """Keep those that say something."""
    return tuple(text for text in texts if text)


@dataclass(frozen=True, slots=True)
class _Waits:
    view: RunView
    stage: StageView
    around: Surroundings

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
        if self._queues():
            yield self._place()
        if self._halted():
            yield self._halt()

    def _success(self, environment: str) -> Node:
        say = self.around.say
        passed = self.stage.begun or self.stage.gate is not None or self.stage.wait is not None
        title = say("The same image has succeeded in {environment}", environment=environment)
        status = Status.SUCCEEDED if passed else Status.REQUESTED
        return self._node(say("Success"), title, status, short=environment)

    def _approval(self) -> Node:
        say, gate = self.around.say, self.stage.gate
        if gate is None:
            environment = self.stage.stage.environment or self.view.run.plan.environment.name
            title = say("Ask for approval for {environment}", environment=environment)
            return self._node(say("Approval"), title, Status.REQUESTED)
        short = f"{len(gate.given_by)}/{gate.needed}" if gate.decision is Decision.PENDING else say(gate.decision.value)
        title = decision_line(gate, self.around)
        return self._node(say("Approval"), title, _decided(gate), *self._about(gate), short=short)

    def _about(self, gate: GateView) -> tuple[str, ...]:
        say, around = self.around.say, self.around
        if gate.decision is not Decision.PENDING:
            return given(gate.reason)
        so_far = say("Approved by {name}", name=self._names(gate.given_by)) if gate.given_by else ""
        may = say("May approve: {names}", names=self._names(around.approvers)) if around.approvers else ""
        return given(so_far, may, say("Until {time}", time=moment(gate.expires_at)))

    def _gate(self, kind: GateKind) -> Node:
        say, wait = self.around.say, self.stage.wait
        name = say("Manual pause") if kind is GateKind.PAUSE else say("Window")
        if wait is not None and wait.kind is kind:
            return self._node(name, waiting_at(self.stage, self.around), Status.WAITING, moment(wait.since))
        # a pause comes before a window
        passed = self.stage.begun or (wait is not None and kind is GateKind.PAUSE)
        window = self.stage.stage.window
        if passed:
            title = say("Resumed") if kind is GateKind.PAUSE else say("The window is open")
        else:
            title = say("Wait to be resumed")
            if kind is GateKind.WINDOW and window is not None:
                title = say("Wait for the window: {window}", window=hours(window))
        return self._node(name, title, Status.SUCCEEDED if passed else Status.REQUESTED)

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
        who, when = (self.around.name(paused.by), moment(paused.at)) if paused else ("", "")
        return self._node(say("Manual pause"), say("Paused by {name}", name=who), Status.WAITING, when, short=who)

    def _place(self) -> Node:
        say, view = self.around.say, self.view
        title = say(
            "Waiting for {environment}: number {position} in the queue",
            environment=view.queue_environment or "",
            position=view.queue_position or 0,
        )
        holder = say("{run} is there now", run=view.queue_holder) if view.queue_holder else ""
        short = say("behind {run}", run=view.queue_holder) if view.queue_holder else ""
        return self._node(say("Queue"), title, Status.WAITING, holder, short=short)

    def _node(self, name: str, title: str, status: Status, *notes: str, short: str = "") -> Node:
        skipped = self.view.status.over and status is Status.REQUESTED
        return Node(name=name, title=title, status=status, skipped=skipped, notes=given(*notes), short=short)

    def _names(self, users: Sequence[str]) -> str:
        return ", ".join(self.around.name(user) for user in users)


def _decided(gate: GateView) -> Status:
    known = {Decision.PENDING: Status.WAITING, Decision.APPROVED: Status.SUCCEEDED}
    return known.get(gate.decision, Status.CANCELLED)
