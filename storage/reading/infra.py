"""What makes the infrastructure of a service, by environment, as the file writes it."""

from collections.abc import Mapping
from dataclasses import replace

from storage.model.catalog import Action, Environment, Stage
from storage.model.soundness import DO, PREVIEW, flaws
from storage.reading.actions import Actions
from storage.reading.document import Item, meant

NAME = "infra"
IN_AWS = "cloudformation"
"""The kind that is nowhere without an account."""


def infra(item: Item | None, places: Mapping[str, Environment], actions: Actions) -> dict[str, Action]:
    """Read one action per environment; what it is to do there says whoever asks for it."""
    found = {}
    for name, entry in (item.entries() if item else {}).items():
        if name not in places:
            entry.problem(f"there is no environment {name!r}{meant(name, places)}")
            continue
        found[name] = _one(entry, places[name], places, actions)
    return found


def _one(item: Item, place: Environment, places: Mapping[str, Environment], actions: Actions) -> Action:
    given = item.entries().get("with")
    if given is not None and DO in given.entries():
        given.entries()[DO].problem("is for the command to say: `infra plan` or `infra apply`")
        return Action(name=NAME, uses="")
    if item.entries().get("uses") is not None and item.entries()["uses"].text() == IN_AWS and place.aws is None:
        item.problem("needs to know which account and region: add aws to this environment")
    action = actions.one(item, name=NAME, implied={DO: PREVIEW})
    stage = Stage(name=NAME, actions=(action,), environment=place.name)
    for flaw in flaws((stage,), places, actions.kinds):
        item.at(flaw.path).problem(flaw.what)
    return replace(action, options={name: value for name, value in action.options.items() if name != DO})
