"""The values of `#{...}` in the options of an action that is about to run."""

from collections.abc import Mapping

from runners.contract import ActionFailed, Runner
from storage.model import artifact
from storage.model.catalog import Action, Json, Stage
from storage.model.run import Plan, Run, Status
from storage.model.variables import (
    ENVIRONMENT,
    RUN,
    Lookup,
    NoReference,
    Reference,
    fill,
    is_before,
    named,
    place,
    texts,
)
from storage.model.view import RunView
from storage.model.worded import worded


def options_of(view: RunView, stage: Stage, action: Action, runner: Runner) -> Mapping[str, Json]:
    """Give the action's options with the values of this run in them. Raises `ActionFailed` when one is missing.

    What an earlier action made may be anything: the options are checked again with it in them.
    """
    if not any("#{" in text for _, text in texts(dict(action.options))):
        return action.options
    try:
        filled = fill(dict(action.options), _lookup(view, stage, action))
    except NoReference as wrong:
        raise _failed(str(wrong)) from wrong
    if not isinstance(filled, dict):
        raise TypeError("options are a mapping, filled or not")
    problems = runner.problems(filled)
    if problems:
        raise _failed(worded("the values of this run do not fit: {problem}", problem=problems[0]))
    return filled


def given(plan: Plan, reference: Reference) -> str | None:
    """Give what a plan knows beforehand of an action that it leaves out: a promotion has the digest, but no push."""
    # the folder of the run before is gone, and with it what its SOURCE named
    if named(plan.stages, reference.source) or reference.name == artifact.variable(artifact.SOURCE):
        return None
    for name, values in plan.variables.items():
        if reference.source in (name, name.rpartition("/")[2]) and reference.name in values:
            return values[reference.name]
    if not named(plan.service.stages, reference.source):
        return None
    return {artifact.variable(name): value for name, value in plan.artifacts.items()}.get(reference.name)


def _lookup(view: RunView, stage: Stage, action: Action) -> Lookup:
    run = view.run

    def find(reference: Reference) -> str:
        if reference.source in (RUN, ENVIRONMENT):
            value = _of_the_run(run, stage, reference)
        else:
            meant = named(run.plan.stages, reference.source)
            earlier = [place(*one) for one in meant if is_before(run.plan.stages, one, (stage, action))]
            if len(earlier) == 1:
                value = view.variables.get(earlier[0], {}).get(reference.name)
            else:
                value = None if earlier else given(run.plan, reference)
        if value is None:
            raise _failed(_without_value(view, reference))
        return value

    return find


def _of_the_run(run: Run, stage: Stage, reference: Reference) -> str | None:
    if reference.source == ENVIRONMENT:
        return stage.environment if reference.name == "NAME" else None
    return {"ID": run.id, "REF": run.plan.ref, "REQUESTER": run.requester}.get(reference.name)


def _without_value(view: RunView, reference: Reference) -> str:
    """Say what the action did hand on, or that it did not succeed."""
    meant = [place(*one) for one in named(view.run.plan.stages, reference.source)]
    ends = {f"{s.stage.name}/{a.action.name}": a.status for s in view.stages for a in s.actions}
    if not meant:
        return worded("{reference} has no value", reference=reference)
    if ends.get(meant[0]) is not Status.SUCCEEDED:
        return worded("{reference} has no value: {action} did not succeed", reference=reference, action=meant[0])
    return worded(
        "{reference} has no value: {action} handed on {names}",
        reference=reference,
        action=meant[0],
        names=", ".join(sorted(view.variables.get(meant[0], {}))) or worded("nothing"),
    )


def _failed(reason: str) -> ActionFailed:
    return ActionFailed(
        reason,
        error="no_value",
        hint=worded("mend the `#{...}` in the action's options, or what the earlier action hands on"),
    )
