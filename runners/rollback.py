"""Putting an environment back when an action fails that rolls back: what to do, read from the run's journal.

The stage that does it is no part of the plan: it comes into the view with the fact that it was begun, and is then run
and found again like any other.
"""

from dataclasses import asdict

from storage.model import artifact
from storage.model.catalog import Json, OnFailure
from storage.model.event import Fact, Kind
from storage.model.run import Status, known_environments
from storage.model.soundness import deploys
from storage.model.view import ActionView, RunView, StageView
from storage.model.worded import worded
from storage.store import Store


def to_roll_back(view: RunView) -> list[tuple[str, StageView, ActionView]]:
    """List the environments that have to be put back, each with the first action that failed there and says so.

    Not one in which work of the run may still go on: it could undo what is put back.
    """
    found: dict[str, tuple[str, StageView, ActionView]] = {}
    for stage in view.stages:
        for action in stage.actions:
            name = stage.stage.environment
            rolls_back = action.status is Status.FAILED and action.action.on_failure is OnFailure.ROLLBACK
            if name and rolls_back and not view.lingering(name):
                found.setdefault(name, (name, stage, action))
    return list(found.values())


def is_touched(view: RunView, environment: str) -> bool:
    """Tell whether the run has begun to deploy there."""
    known = known_environments(view.run.plan)
    return any(
        action.attempt > 0
        for stage in view.stages
        if stage.stage.environment == environment and not stage.restoring
        for action in stage.actions
        if action.action in deploys(stage.stage, known)
    )


async def begun(store: Store, view: RunView, environment: str, stage: StageView, action: ActionView) -> Fact | None:
    """Say what is to be put back, as the fact to journal; nothing when there is nothing to go back to."""
    if not is_touched(view, environment):
        return None
    release = await store.releases.before(view.run.id, view.run.plan.service.name, environment)
    if release is None:
        return None
    texts: dict[str, Json] = {**asdict(release), "at": release.at.isoformat()}
    data: dict[str, Json] = {
        "stage": stage.stage.name,
        "action": action.action.name,
        "environment": environment,
        "release": texts,
    }
    return Fact(kind=Kind.ROLLBACK_STARTED, actor="estiva", run=view.run.id, key=f"rollback/{environment}", data=data)


def outcome(view: RunView, reason: str) -> str:
    """Say at the end of a failed run what became of the environments that had to be put back."""
    told = reason
    for environment, _, _ in to_roll_back(view):
        told = worded("{reason}; {outcome}", reason=told, outcome=_became(view, environment))
    return told


def _became(view: RunView, environment: str) -> str:
    back = view.restored(environment)
    if back is None or back.restoring is None:
        if is_touched(view, environment):
            return worded("nothing ran in {environment} before to go back to", environment=environment)
        return worded("{environment} was not touched", environment=environment)
    release, action = back.restoring.release, back.actions[0]
    names = {
        "environment": environment,
        "release": f"`{artifact.short(release.commit) or release.digest[:19]}` ({release.run})",
    }
    if action.status is Status.SUCCEEDED:
        return worded("{environment} was put back to {release}", **names)
    why = action.reason or worded(action.status.value)
    return worded("{environment} could not be put back to {release}: {reason}", **names, reason=why)
