"""What the policy says to a command before anything is looked up: without store, plan or Slack."""

from collections.abc import Iterator, Mapping

from commands.answers import Understood
from commands.grammar import FORCE
from commands.holding import whole_place
from commands.policy import Denied, decide
from storage.model.catalog import Catalog

_OF_A_WHOLE_PLACE = frozenset({"lock", "unlock", "freeze", "unfreeze", "steal"})
"""Nobody may do these to a place who may not do them in all of it."""
_BESIDES = {FORCE: "force", "channel": "channel-settings", "released": "history", "held": "status"}
"""Arguments that need another right, and its name."""


def foreseen(catalog: Catalog, user: str, understood: Understood, channel: str | None) -> tuple[str, Denied] | None:
    """Give what is denied, and why; `None` for nothing. No `channel`: it is not asked from where it is said.

    Nobody is in a user group here: only Slack knows who is.
    """
    command = understood.command.name
    for arguments in understood.each:
        for act in _acts(command, arguments):
            for service, environment in _where(catalog, command, arguments):
                decision = decide(
                    catalog,
                    user,
                    act,
                    service=service,
                    environment=environment,
                    channel=channel,
                    arguments=arguments,
                )
                if isinstance(decision, Denied):
                    return act, decision
    return None


def _acts(command: str, arguments: Mapping[str, str]) -> Iterator[str]:
    yield command
    yield from (act for name, act in _BESIDES.items() if name in arguments)


def _where(catalog: Catalog, command: str, arguments: Mapping[str, str]) -> Iterator[tuple[str | None, str | None]]:
    if command in _OF_A_WHOLE_PLACE:
        yield from whole_place(catalog, arguments)
    else:
        yield arguments.get("service"), arguments.get("environment")
