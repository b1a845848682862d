"""What a run waits for other than people's yes: the steps of the fold that gates, queues and pauses make.

What was waited for stays with the stage that waited, so that it can be told how long.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from storage.model.event import Event, Kind
from storage.model.gate import GateKind
from storage.model.run import Status
from storage.model.view import PauseView, RunView, StageView, WaitView
from storage.model.worded import text_of


def no_more(view: RunView, at: datetime) -> RunView:
    """Close every wait of a run that ends."""
    closed = _unqueued(_unpaused(view, at, opened=False), at, opened=False)
    return replace(closed, stages=tuple(_passed(stage, at, opened=False) for stage in closed.stages))


def _queued(view: RunView, event: Event) -> RunView:
    position, place = event.data.get("position"), text_of(event.data, "environment")
    known = view.queued_at if view.queue_environment == place else None
    return replace(
        view,
        status=Status.WAITING,
        queue_position=int(str(position)) if position is not None else None,
        queue_environment=place,
        queue_holder=text_of(event.data, "holder") or None,
        queued_at=known or event.at,
    )


def _lock_taken(view: RunView, event: Event) -> RunView:
    place = text_of(event.data, "environment")
    waited = view.queue_environment == place and place not in view.turns
    turns = (*view.turns, place) if waited else view.turns
    return replace(_unqueued(view, event.at, opened=True), status=Status.RUNNING, turns=turns)


def _waiting(view: RunView, event: Event) -> RunView:
    opens_at = text_of(event.data, "opens_at")
    wait = WaitView(
        kind=GateKind(text_of(event.data, "gate")),
        since=event.at,
        opens_at=datetime.fromisoformat(opens_at) if opens_at else None,
        by=text_of(event.data, "held_by"),
        reason=text_of(event.data, "reason"),
    )
    waits = _with_stage(view, event, lambda stage: replace(_passed(stage, event.at, opened=True), wait=wait))
    return replace(_unqueued(waits, event.at, opened=False), status=Status.WAITING)


def _opened(view: RunView, event: Event) -> RunView:
    gone_on = _with_stage(view, event, lambda stage: _passed(stage, event.at, opened=True))
    return replace(gone_on, status=Status.RUNNING)


def _entered(view: RunView, event: Event) -> RunView:
    return _with_stage(view, event, lambda stage: replace(_passed(stage, event.at, opened=True), begun=True))


def _paused(view: RunView, event: Event) -> RunView:
    number = int(str(event.data.get("number", 1)))
    return replace(view, paused=PauseView(number=number, by=text_of(event.data, "by"), at=event.at))


def _resumed(view: RunView, event: Event) -> RunView:
    return _unpaused(view, event.at, opened=True)


def _passed(stage: StageView, at: datetime, *, opened: bool) -> StageView:
    """Put the gate at which a stage waits behind it."""
    return replace(_after(stage, stage.wait, at, opened=opened), wait=None) if stage.wait else stage


def _unpaused(view: RunView, at: datetime, *, opened: bool) -> RunView:
    if view.paused is None:
        return view
    held = WaitView(kind=GateKind.HOLD, since=view.paused.at, opens_at=None, by=view.paused.by)
    comes_next = next((stage for stage in view.stages if stage.status is Status.REQUESTED), None)
    stages = (_after(stage, held, at, opened=opened) if stage is comes_next else stage for stage in view.stages)
    return replace(view, paused=None, stages=tuple(stages))


def _unqueued(view: RunView, at: datetime, *, opened: bool) -> RunView:
    """End the wait for a turn; it was that of the first stage there that has not begun."""
    since, place = view.queued_at, view.queue_environment
    left = replace(view, queue_position=None, queue_environment=None, queued_at=None)
    if since is None:
        return left
    turn = WaitView(kind=GateKind.TURN, since=since, opens_at=None, by=view.queue_holder or "")
    first = next((stage for stage in view.stages if stage.stage.environment == place and not stage.begun), None)
    stages = (_after(stage, turn, at, opened=opened) if stage is first else stage for stage in view.stages)
    return replace(left, stages=tuple(stages))


def _after(stage: StageView, wait: WaitView, at: datetime, *, opened: bool) -> StageView:
    return replace(stage, waits=(*stage.waits, replace(wait, until=at, opened=opened)))


def _with_stage(view: RunView, event: Event, change: Callable[[StageView], StageView]) -> RunView:
    name = event.data.get("stage")
    return replace(view, stages=tuple(change(s) if s.stage.name == name else s for s in view.stages))


STEPS: Mapping[Kind, Callable[[RunView, Event], RunView]] = {
    Kind.QUEUED: _queued,
    Kind.LOCK_TAKEN: _lock_taken,
    Kind.STAGE_STARTED: _entered,
    Kind.GATE_WAITING: _waiting,
    Kind.GATE_OPENED: _opened,
    Kind.PAUSED: _paused,
    Kind.RESUMED: _resumed,
}
