"""What is left of a run that has ended, from one of its stages on, with what its earlier stages have made."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from runners.plan import Unplannable, guarded, plan_retry, sound
from storage.model import artifact
from storage.model.catalog import Catalog, Stage
from storage.model.event import Event, Kind
from storage.model.fold import fold
from storage.model.run import Plan, Run, Status, Trigger
from storage.model.view import RunView, StageView
from storage.model.worded import worded


def stopped_at(view: RunView) -> StageView | None:
    """Find the first stage that has actions and did not come to a good end: where a retry goes on."""
    return next((s for s in view.stages if s.actions and s.status is not Status.SUCCEEDED), None)


def repeatable(view: RunView) -> tuple[str, ...]:
    """Name the stages from which a run can be done again: those that it came to, in their order."""
    names = [stage.name for stage in view.run.plan.stages]
    reached = [stage.stage.name for stage in view.stages if _reached(stage) or stage is stopped_at(view)]
    return tuple(names[: 1 + max((names.index(name) for name in reached if name in names), default=-1)])


def _reached(stage: StageView) -> bool:
    asked = stage.begun or stage.wait is not None or stage.gate is not None
    return asked or any(action.status is not Status.REQUESTED for action in stage.actions)


def plan_onward(
    catalog: Catalog, run: Run, events: Sequence[Event], name: str, trigger: Trigger, *, failed_only: bool = False
) -> Plan:
    """Plan the stages of a run from the stage `name` to the last. People are asked anew where they have to be.

    `failed_only` leaves out the actions of that stage that succeeded. What earlier stages made is known from the start;
    only the source is fetched again, at the same commit, when there is more to do than to deploy. Raises `Unplannable`.
    """
    view = fold(run, events)
    at = next((n for n, stage in enumerate(view.stages) if stage.stage.name == name), None)
    if at is None:
        raise Unplannable(
            worded(
                "`{run}` has no stage `{name}`; it has {stages}",
                run=run.id,
                name=name,
                stages=", ".join(s.name for s in run.plan.stages),
            )
        )
    first, later = view.stages[at], run.plan.stages[at + 1 :]
    done = [action.action.name for action in first.actions if failed_only and action.status is Status.SUCCEEDED]
    left = replace(first.stage, actions=tuple(a for a in first.stage.actions if a.name not in done))
    before = {stage.stage.name for stage in view.stages[:at]}
    kept = [event for event in events if _counts(event, before, name, done)]
    made, again = fold(run, kept), plan_retry(catalog, run, view)
    stages = _fetched(run, kept, (left, *later), again)
    return sound(
        replace(
            again,
            trigger=trigger,
            stages=guarded(stages, again.environments),
            artifacts={key: value for key, value in made.artifacts.items() if key != artifact.SOURCE},
            variables={**run.plan.variables, **made.variables},
        )
    )


def _counts(event: Event, before: Collection[str], name: str, done: Collection[str]) -> bool:
    """Tell whether an event is the success of an action that is not done again."""
    if event.kind is not Kind.ACTION_SUCCEEDED:
        return False
    stage, action = str(event.data.get("stage")), str(event.data.get("action"))
    return stage in before or (stage == name and action in done)


def _fetched(run: Run, kept: Iterable[Event], stages: tuple[Stage, ...], plan: Plan) -> tuple[Stage, ...]:
    """Put the action that fetched the source before the rest: the source was in the folder of the run that ended."""
    targets = {environment.target for environment in plan.environments.values()}
    if all(action.uses in targets for stage in stages for action in stage.actions):
        return stages
    for event in kept:
        made = event.data.get("artifacts")
        if isinstance(made, dict) and artifact.SOURCE in made:
            return _with(run, str(event.data["stage"]), str(event.data["action"]), stages)
    return stages


def _with(run: Run, name: str, fetching: str, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    source = next(stage for stage in run.plan.stages if stage.name == name)
    actions = tuple(action for action in source.actions if action.name == fetching)
    if stages and stages[0].name == name:  # of this very stage: done again beside what is left of it
        return (replace(stages[0], actions=(*actions, *stages[0].actions)), *stages[1:])
    return (Stage(name=name, actions=actions, environment=source.environment), *stages)
