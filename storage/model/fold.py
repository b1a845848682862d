"""How a run got where it is: its events, folded one by one over its plan."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from storage.model import artifact, asked, waiting
from storage.model.approval import Decision
from storage.model.catalog import OnFailure, Stage
from storage.model.event import Event, Kind
from storage.model.release import Release
from storage.model.run import Run, Status, known_environments
from storage.model.soundness import deploy_to
from storage.model.view import ActionView, Restoring, RunView, StageView
from storage.model.worded import lines_of, text_of


def fold(run: Run, events: Iterable[Event]) -> RunView:
    """Fold the events of one run, in their order, over its plan."""
    return shown(advance(begun(run), events))


def begun(run: Run) -> RunView:
    """Give the view of a run in which nothing has happened."""
    return RunView(
        run=run,
        stages=tuple(
            StageView(stage=stage, actions=tuple(ActionView(action=action) for action in stage.actions))
            for stage in run.plan.stages
        ),
        artifacts=dict(run.plan.artifacts),
        variables=dict(run.plan.variables),
    )


def advance(view: RunView, events: Iterable[Event]) -> RunView:
    """Fold further events over what `begun` or `advance` gave."""
    for event in events:
        stepped = replace(_STEPS.get(event.kind, _nothing)(view, event), head=event.hash)
        view = _timed(view, stepped, event.at)
    return view


def _timed(before: RunView, view: RunView, now: datetime) -> RunView:
    """Note when it begins to wait, and how long it has waited when it waits no more."""
    waits = shown(view).status is Status.WAITING
    if waits and before.waits_since is None:
        return replace(view, waits_since=now)
    if before.waits_since is None or waits:
        return view
    return replace(view, waits_since=None, waited=before.waited + (now - before.waits_since))


def shown(view: RunView) -> RunView:
    """Give what people see of it: a run that is paused waits as soon as nothing is under way."""
    if not view.paused:
        return view
    busy = any(action.status is Status.RUNNING for stage in view.stages for action in stage.actions)
    return view if busy else replace(view, status=Status.WAITING)


def _nothing(view: RunView, _event: Event) -> RunView:
    return view


def _text(event: Event, key: str) -> str:
    return text_of(event.data, key)


def _texts(event: Event, key: str) -> dict[str, str]:
    value = event.data.get(key)
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def _with_action(view: RunView, event: Event, **changes: object) -> RunView:
    def touched(stage: StageView) -> StageView:
        if stage.stage.name != event.data.get("stage"):
            return stage
        actions = tuple(
            replace(a, **changes) if a.action.name == event.data.get("action") else a  # type: ignore[arg-type]
            for a in stage.actions
        )
        return replace(stage, actions=actions)

    changed = replace(view, stages=tuple(touched(stage) for stage in view.stages))
    ended = changes.get("status", Status.RUNNING) is not Status.RUNNING
    return asked.unasked(changed, f"{event.data.get('stage')}/{event.data.get('action')}") if ended else changed


def _started(view: RunView, event: Event) -> RunView:
    attempt = int(str(event.data.get("attempt", 1)))
    fresh = {"attempt": attempt, "started_at": event.at, "ended_at": None, "progress": ""}
    return replace(_with_action(view, event, status=Status.RUNNING, **fresh), status=Status.RUNNING)


def _progressed(view: RunView, event: Event) -> RunView:
    return _with_action(view, event, progress=_text(event, "progress"))


def _succeeded(view: RunView, event: Event) -> RunView:
    made, place = _texts(event, "artifacts"), f"{_text(event, 'stage')}/{_text(event, 'action')}"
    handed_on = {**{artifact.variable(name): value for name, value in made.items()}, **_texts(event, "variables")}
    changed = _with_action(
        view,
        event,
        status=Status.SUCCEEDED,
        ended_at=event.at,
        summary=_text(event, "summary"),
        details=lines_of(event.data, "details"),
        reason="",
    )
    variables = {**view.variables, place: handed_on}
    return replace(changed, artifacts={**view.artifacts, **made}, variables=variables)


def _failed(view: RunView, event: Event) -> RunView:
    code = event.data.get("exit_code")
    return _with_action(
        view,
        event,
        # a failure that will be tried again leaves the action running
        status=Status.FAILED if event.data.get("final", True) else Status.RUNNING,
        ended_at=event.at,
        reason=_text(event, "reason"),
        error=_text(event, "error"),
        hint=_text(event, "hint"),
        exit_code=int(str(code)) if code is not None else None,
        excerpt=lines_of(event.data, "excerpt"),
        lingers=_text(event, "lingers"),
    )


def _stopped(view: RunView, event: Event) -> RunView:
    status = Status.BROKEN if event.kind is Kind.ACTION_BROKEN else Status.CANCELLED
    return _with_action(
        view,
        event,
        status=status,
        ended_at=event.at,
        reason=_text(event, "reason"),
        lingers=_text(event, "lingers"),
    )


def _rolling_back(view: RunView, event: Event) -> RunView:
    """Add a stage that the plan has not: it does the environment's deploy again, with the release from before."""
    name, found = _text(event, "environment"), event.data.get("release")
    place = deploy_to(view.run.plan.stages, name, known_environments(view.run.plan))
    if place is None or not isinstance(found, dict) or view.restored(name):
        return view
    texts = {key: str(value) for key, value in found.items() if key not in ("at", "replicas")}
    replicas = found.get("replicas")
    release = Release(
        **texts,
        at=datetime.fromisoformat(str(found["at"])),
        replicas=None if replicas is None else int(str(replicas)),
    )
    again = replace(place[1], name="rollback", on_failure=OnFailure.ABORT, run_order=1, cancel_siblings=False)
    stage = StageView(
        stage=Stage(name=_free_name(f"rollback-{name}", view), actions=(again,), environment=name),
        actions=(ActionView(action=again),),
        restoring=Restoring(release=release, stage=place[0], action=place[1]),
    )
    return replace(view, stages=(*view.stages, stage))


def _free_name(name: str, view: RunView) -> str:
    taken = {stage.stage.name for stage in view.stages}
    while name in taken:
        name += "-again"
    return name


def _cancelling(view: RunView, event: Event) -> RunView:
    return replace(view, cancelled_by=_text(event, "by"))


def _ended(view: RunView, event: Event) -> RunView:
    def closed(stage: StageView) -> StageView:
        pending = stage.gate is not None and stage.gate.decision is Decision.PENDING
        gate = replace(stage.gate, decision=Decision.CANCELLED) if stage.gate and pending else stage.gate
        unmet = replace(stage, gate=gate)
        return replace(unmet, skipped=unmet.status is Status.REQUESTED)

    left = waiting.no_more(view, event.at)
    return replace(
        left,
        stages=tuple(closed(stage) for stage in left.stages),
        status=Status(_text(event, "status")),
        reason=_text(event, "reason"),
        ended_at=event.at,
        superseded_by=_text(event, "superseded_by") or None,
    )


_STEPS = {
    **asked.STEPS,
    **waiting.STEPS,
    Kind.ACTION_STARTED: _started,
    Kind.ACTION_PROGRESSED: _progressed,
    Kind.ACTION_SUCCEEDED: _succeeded,
    Kind.ACTION_FAILED: _failed,
    Kind.ACTION_CANCELLED: _stopped,
    Kind.ACTION_BROKEN: _stopped,
    Kind.CANCEL_REQUESTED: _cancelling,
    Kind.ROLLBACK_STARTED: _rolling_back,
    Kind.RUN_ENDED: _ended,
}
