"""Whether a plan can do what it says: everything that is wrong with it, before a run of it opens."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from runners.variables import given
from storage.model.catalog import Action, Stage
from storage.model.kind import ENGINE_ERRORS, Kind
from storage.model.run import Plan, known_environments
from storage.model.soundness import flaws, nearest


def problems_of(plan: Plan, kinds: Mapping[str, Kind] | None = None) -> list[str]:
    """Say what is wrong with a plan, one line each; with `kinds` also which kinds and options there are not."""
    known = known_environments(plan)
    found = [*_twice("stage", [stage.name for stage in plan.stages])]
    for stage in plan.stages:
        found += _stage_problems(stage, known, kinds)
    found += [
        str(flaw)
        for flaw in flaws(plan.stages, known, kinds, given=lambda reference: given(plan, reference) is not None)
    ]
    return found if plan.stages else ["the plan has no stages"]


def _stage_problems(stage: Stage, environments: Collection[str], kinds: Mapping[str, Kind] | None) -> Iterator[str]:
    if stage.environment is not None and stage.environment not in environments:
        near = nearest(stage.environment, environments)
        yield f"{stage.name}: the plan has no environment {stage.environment!r}{near}"
    if stage.approval and stage.actions:
        yield f"{stage.name}: is an approval and so has no actions"
    if not (stage.actions or stage.approval or stage.gated):
        yield f"{stage.name}: has no actions, and no gate to wait at"
    for what in _twice("action", [action.name for action in stage.actions]):
        yield f"{stage.name}: {what}"
    for action in stage.actions:
        for what in [*_number_problems(action), *_kind_problems(action, kinds)]:
            yield f"{stage.name}/{action.name}: {what}"


def _number_problems(action: Action) -> Iterator[str]:
    for name in ("run_order", "timeout", "attempts"):
        if getattr(action, name) < 1:
            yield f"{name} should be at least 1"


def _kind_problems(action: Action, kinds: Mapping[str, Kind] | None) -> Iterator[str]:
    if kinds is None:
        return
    if action.uses not in kinds:
        yield f"no kind of action is called {action.uses!r}{nearest(action.uses, sorted(kinds))}"
        return
    yield from kinds[action.uses].problems(action.options)
    errors = sorted({*kinds[action.uses].errors, *ENGINE_ERRORS})
    for name in action.retry_on or ():
        if name not in errors:
            yield f"{action.uses} never fails with {name!r}{nearest(name, errors)}"


def _twice(what: str, names: list[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{times} {what}s are called {name}"
