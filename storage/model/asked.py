"""What becomes of the questions that a run puts to people: the steps of the fold that approvals make."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from storage.model.approval import Decision
from storage.model.catalog import Stage
from storage.model.event import Event, Kind
from storage.model.run import Status
from storage.model.view import GateView, RunView, StageView
from storage.model.worded import text_of


def _asked(view: RunView, event: Event) -> RunView:
    gate = GateView(
        approval=text_of(event.data, "approval"),
        needed=int(str(event.data.get("needed", 1))),
        expires_at=datetime.fromisoformat(text_of(event.data, "expires_at")),
        asked_at=event.at,
    )
    if event.data.get("asked_by"):
        return replace(_questioned(view, event, gate), status=Status.WAITING)
    stages = tuple(
        replace(s, gate=gate) if s.stage.name == event.data.get("stage") and s.gate is None else s for s in view.stages
    )
    return replace(view, stages=stages, status=Status.WAITING)


def _questioned(view: RunView, event: Event, gate: GateView) -> RunView:
    """Add a stage that the plan has not, right behind the one that asks: it shows the question of an action."""
    asker = text_of(event.data, "asked_by")
    question = StageView(
        stage=Stage(name=text_of(event.data, "stage"), approval=True, environment=text_of(event.data, "environment")),
        gate=gate,
        asked_by=asker,
        question=text_of(event.data, "question"),
    )
    stages = [*unasked(view, asker).stages]
    at = max((n for n, each in enumerate(stages) if asker in _askers(each)), default=len(stages) - 1)
    return replace(view, stages=(*stages[: at + 1], question, *stages[at + 1 :]))


def _askers(stage: StageView) -> set[str]:
    return {stage.asked_by, *(f"{stage.stage.name}/{action.action.name}" for action in stage.actions)}


def unasked(view: RunView, asker: str) -> RunView:
    """Close the question of an action that has ended, or asks another."""

    def closed(stage: StageView) -> StageView:
        mine = stage.asked_by == asker and stage.gate is not None and stage.gate.decision is Decision.PENDING
        return replace(stage, gate=replace(stage.gate, decision=Decision.CANCELLED)) if mine and stage.gate else stage

    return replace(view, stages=tuple(closed(stage) for stage in view.stages))


def _given(view: RunView, event: Event) -> RunView:
    approval = text_of(event.data, "approval")
    gate = next((s.gate for s in view.stages if s.gate and s.gate.approval == approval), None)
    given = (*gate.given_by, text_of(event.data, "by")) if gate else ()
    return _with_gate(view, approval, given_by=given)


def _withdrawn(view: RunView, event: Event) -> RunView:
    approval, by = text_of(event.data, "approval"), text_of(event.data, "by")
    gate = next((s.gate for s in view.stages if s.gate and s.gate.approval == approval), None)
    return _with_gate(view, approval, given_by=tuple(user for user in gate.given_by if user != by) if gate else ())


def _reminded(view: RunView, event: Event) -> RunView:
    return _with_gate(view, text_of(event.data, "approval"), reminders=int(str(event.data.get("number", 1))))


def _escalated(view: RunView, event: Event) -> RunView:
    return _with_gate(view, text_of(event.data, "approval"), escalated=True)


def _glass_broken(view: RunView, event: Event) -> RunView:
    return _with_gate(view, text_of(event.data, "approval"), emergency=True, reason=text_of(event.data, "reason"))


_DECISIONS = {
    Kind.APPROVED: Decision.APPROVED,
    Kind.REJECTED: Decision.REJECTED,
    Kind.APPROVAL_EXPIRED: Decision.EXPIRED,
}


def _decided(view: RunView, event: Event) -> RunView:
    said = {"reason": text_of(event.data, "reason")} if event.data.get("reason") else {}
    given, reused = event.data.get("by"), text_of(event.data, "reused")
    again = (
        {"given_by": tuple(str(user) for user in given), "reused": reused} if isinstance(given, list) and reused else {}
    )
    changed = _with_gate(
        view,
        text_of(event.data, "approval"),
        decision=_DECISIONS[event.kind],
        decided_by=event.actor,
        decided_at=event.at,
        **said,
        **again,
    )
    goes_on = event.kind is Kind.APPROVED or any(
        stage.asked_by and stage.gate and stage.gate.approval == event.data.get("approval") for stage in view.stages
    )
    return replace(changed, status=Status.RUNNING if goes_on else changed.status)


def _with_gate(view: RunView, approval: str, **changes: object) -> RunView:
    def touched(stage: StageView) -> StageView:
        if stage.gate is None or stage.gate.approval != approval:
            return stage
        return replace(stage, gate=replace(stage.gate, **changes))  # type: ignore[arg-type]

    return replace(view, stages=tuple(touched(stage) for stage in view.stages))


STEPS: Mapping[Kind, Callable[[RunView, Event], RunView]] = {
    Kind.APPROVAL_REQUESTED: _asked,
    Kind.APPROVAL_GIVEN: _given,
    Kind.APPROVAL_WITHDRAWN: _withdrawn,
    Kind.APPROVAL_REMINDED: _reminded,
    Kind.APPROVAL_ESCALATED: _escalated,
    Kind.GLASS_BROKEN: _glass_broken,
    Kind.APPROVED: _decided,
    Kind.REJECTED: _decided,
    Kind.APPROVAL_EXPIRED: _decided,
}
