"""Whether a pipeline can do what it says, told before anything of it runs."""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.model.catalog import Action, Environment, OnFailure, Stage
from storage.model.kind import Kind
from storage.model.run import Plan, Trigger
from storage.model.variables import (
    ENVIRONMENT,
    OF_THE_RUN,
    NoReference,
    Path,
    Reference,
    is_before,
    named,
    parts,
    place,
    texts,
)

DO = "do"
"""Option by which kinds of infrastructure are told what to do: one of `LOOKING`, or `apply`."""
PREVIEW, PLAN, APPLY = "preview", "plan", "apply"
"""Show what would change; show and keep it, to be applied just so; apply what was kept."""
LOOKING = frozenset({PREVIEW, PLAN})

Given = Callable[[Reference], bool]
"""Tells whether a reference has a value although no earlier action of the pipeline hands it on."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that cannot work, and where."""

    stage: str
    action: str
    path: Path
    """Where in the action: `("with", "run", 2)`."""
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        inside = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"{self.stage}/{self.action}{inside}: {self.what}"


def flaws(
    stages: Sequence[Stage],
    environments: Mapping[str, Environment],
    kinds: Mapping[str, Kind] | None = None,
    given: Given = lambda _reference: False,
) -> Iterator[Flaw]:
    """Find what cannot work in a pipeline: references to nothing, and rollbacks of nothing."""
    for stage in stages:
        for action in stage.actions:
            for path, text in texts(dict(action.options)):
                for what in _text_flaws(text, stages, (stage, action), kinds, given):
                    yield Flaw(stage.name, action.name, ("with", *path), what)
            what = _rollback_flaw(stages, environments, stage, action)
            if what:
                yield Flaw(stage.name, action.name, ("on_failure",), what)


def deploys(stage: Stage, environments: Mapping[str, Environment]) -> list[Action]:
    """List the actions of a stage that release to its environment."""
    environment = environments.get(stage.environment or "")
    return [action for action in stage.actions if environment is not None and action.uses == environment.target]


def only_looks(stage: Stage) -> bool:
    """Tell whether a stage says that it changes nothing, and each of its actions says so too."""
    return stage.looks and all(action.options.get(DO) in LOOKING for action in stage.actions)


def subject_of(plan: Plan) -> Trigger:
    """Say what a plan is about. What does again what was done to infrastructure is about infrastructure."""
    actions = [action for stage in plan.stages for action in stage.actions]
    releases = any(deploys(stage, plan.environments) for stage in plan.stages)
    return Trigger.INFRA if any(DO in each.options for each in actions) and not releases else plan.trigger


def changes_infra(plan: Plan) -> bool:
    """Tell whether a plan about infrastructure is to change it, and not only to look."""
    told = (action.options.get(DO) for stage in plan.stages for action in stage.actions)
    return subject_of(plan) is Trigger.INFRA and APPLY in told


def deploy_to(
    stages: Sequence[Stage], name: str, environments: Mapping[str, Environment]
) -> tuple[Stage, Action] | None:
    """Find the first action that releases to an environment."""
    found = ((s, action) for s in stages if s.environment == name for action in deploys(s, environments))
    return next(found, None)


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the nearest known word, or all that there are, as the end of a sentence."""
    known = list(dict.fromkeys(known))
    near = closest(word, known)
    if near:
        return f"; did you mean {near}?"
    return f"; there are: {', '.join(known)}" if known else ""


def closest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like another one, if one is."""
    return next(iter(difflib.get_close_matches(word, list(known), 1)), None)


def _text_flaws(
    text: str,
    stages: Sequence[Stage],
    at: tuple[Stage, Action],
    kinds: Mapping[str, Kind] | None,
    given: Given,
) -> Iterator[str]:
    for part in parts(text):
        if isinstance(part, NoReference):
            yield str(part)
        elif isinstance(part, Reference):
            what = _flaw_of(part, stages, at, kinds, given)
            if what:
                yield what


def _flaw_of(
    reference: Reference,
    stages: Sequence[Stage],
    at: tuple[Stage, Action],
    kinds: Mapping[str, Kind] | None,
    given: Given,
) -> str:
    if reference.source in OF_THE_RUN:
        return _run_flaw(reference, at[0])
    meant = named(stages, reference.source)
    earlier = [one for one in meant if is_before(stages, one, at)]
    if len(earlier) > 1:
        return f"{reference} may be of {' or '.join(place(*one) for one in earlier)}: name the stage too"
    if earlier:
        exports = kinds[earlier[0][1].uses].exports if kinds and earlier[0][1].uses in kinds else None
        return _export_flaw(reference, place(*earlier[0]), exports)
    if given(reference):
        return ""
    if meant:
        return f"{reference}: {place(*meant[0])} does not end before this action begins"
    before = [one for one in _all(stages) if is_before(stages, one, at)]
    return f"{reference}: there is no action {reference.source}{nearest(reference.source, _spellings(before))}"


def _run_flaw(reference: Reference, stage: Stage) -> str:
    names = OF_THE_RUN[reference.source]
    if reference.name not in names:
        return f"{reference}: {reference.source} has no {reference.name}{nearest(reference.name, names)}"
    if reference.source == ENVIRONMENT and stage.environment is None:
        return f"{reference}: the stage has no environment"
    return ""


def _export_flaw(reference: Reference, source: str, exports: Collection[str] | None) -> str:
    if exports is None or reference.name in exports:
        return ""
    return f"{reference}: {source} hands on no {reference.name}{nearest(reference.name, exports)}"


def _rollback_flaw(
    stages: Sequence[Stage], environments: Mapping[str, Environment], stage: Stage, action: Action
) -> str:
    if action.on_failure is not OnFailure.ROLLBACK:
        return ""
    if stage.environment is None:
        return "the stage has no environment to roll back: set its environment"
    until = list(stages)[: [each.name for each in stages].index(stage.name) + 1]
    if deploy_to(until, stage.environment, environments) is None:
        return f"nothing deploys to {stage.environment} up to this stage, so there is nothing to roll back"
    return ""


def _all(stages: Sequence[Stage]) -> list[tuple[Stage, Action]]:
    return [(stage, action) for stage in stages for action in stage.actions]


def _spellings(actions: Iterable[tuple[Stage, Action]]) -> list[str]:
    return [spelling for one in actions for spelling in (one[1].name, place(*one))]
