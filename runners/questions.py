"""What an action under way asks people: put as an approval of its environment, answered by the same buttons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runners.consent import environment_of
from runners.contract import Answer, Asks
from runners.crash import crash_here
from storage.model.approval import Approval, Decision, Question, subject_of
from storage.model.catalog import Action
from storage.model.run import Status
from storage.model.view import ActionView, GateView, RunView, StageView
from storage.questions import Stay
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of the actions of one run."""

    store: Store
    now: datetime

    async def put(self, view: RunView, place: StageView, action: Action, asks: Asks) -> Approval:
        """Ask people, or note when to look again at what was asked before; gives the question as it stands."""
        plan, environment = view.run.plan, environment_of(view.run.plan, place.stage)
        mine, name = place_of(place, action), f"{place.stage.name}.{asks.name}"
        latest = self.now + timedelta(seconds=environment.approval_ttl)
        crash_here("question.before")
        await self.store.questions.close(view.run.id, mine, but=name)
        approval = await self.store.approvals.ask(
            view.run.id,
            name,
            environment.name,
            subject_of(plan, dict(view.artifacts)),
            max(1, environment.approvals),
            min(latest, asks.expires_at or latest),
            replace(environment.approval, reuse=0),  # it is asked about what has happened since
            Question(asked_by=mine, text=asks.question, look_at=self.now + timedelta(seconds=asks.look_again)),
        )
        crash_here("question.after")
        return approval


async def stay(store: Store, view: RunView) -> tuple[Stay, str, str] | None:
    """Park a run of which nothing goes on but what waits for people; gives what became of that, stage and action."""
    waiting = [(s, a) for s in view.stages for a in s.actions if waits_for_people(view, s, a)]
    if not waiting:
        return None
    asking = {place_of(stage, action.action): (stage.stage.name, action.action.name) for stage, action in waiting}
    crash_here("stay.before")
    became, asker = await store.questions.stay(view.run.id, [*asking])
    crash_here("stay.after")
    return became, *asking[asker]


def waits_for_people(view: RunView, place: StageView, action: ActionView) -> bool:
    """Tell whether an action is under way and has an open question; one that is to be cancelled waits for nobody."""
    if action.status is not Status.RUNNING or view.run.cancel_requested:
        return False
    asked = asked_by(view, place, action.action)
    return any(each.gate is not None and each.gate.decision is Decision.PENDING for each in asked)


def answers(view: RunView, place: StageView, action: Action) -> Mapping[str, Answer]:
    """Give what people have said to an action, by the names of its questions."""
    asked = (
        (each.stage.name.removeprefix(f"{place.stage.name}."), each.gate) for each in asked_by(view, place, action)
    )
    return {name: _answer(gate) for name, gate in asked if gate and gate.decision not in _OPEN}


_OPEN = (Decision.PENDING, Decision.CANCELLED)


def _answer(gate: GateView) -> Answer:
    return Answer(yes=gate.decision is Decision.APPROVED, by=gate.decided_by or "", reason=gate.reason)


def asked_by(view: RunView, place: StageView, action: Action) -> list[StageView]:
    """List the questions of an action."""
    return [stage for stage in view.stages if stage.asked_by == place_of(place, action)]


def place_of(place: StageView, action: Action) -> str:
    """Name an action as its questions do."""
    return f"{place.stage.name}/{action.name}"
