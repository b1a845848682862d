"""What the environments say about each other."""

from collections.abc import Mapping

from storage.model.catalog import Environment
from storage.reading.actions import Actions
from storage.reading.document import Item, meant

IN_AWS = ("ecs", "codepipeline")
"""The targets that are nowhere without an account."""


def check(item: Item | None, known: Mapping[str, Environment], actions: Actions) -> None:
    """Note promotions from nowhere or in a circle, and targets that there are not."""
    entries = item.entries() if item else {}
    for name, environment in known.items():
        parts = entries[name].entries()
        if environment.promotes_from is not None:
            _promotion(parts["promotes_from"], environment, known)
        target = parts.get("target", entries[name])
        if environment.target in IN_AWS and environment.aws is None:
            target.problem("needs to know which account and region: add aws to this environment")
        actions.check(environment.target, environment.options, target, parts.get("options", entries[name]))


def _promotion(item: Item, environment: Environment, known: Mapping[str, Environment]) -> None:
    source = environment.promotes_from or ""
    if source not in known:
        item.problem(f"there is no environment {source!r}{meant(source, known)}")
        return
    passed = [environment.name]
    at: str | None = source
    while at is not None and at in known:
        if at in passed:
            item.problem(f"promotes in a circle: {' <- '.join([*passed, at])}")
            return
        passed.append(at)
        at = known[at].promotes_from
