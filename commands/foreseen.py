"""What the policy says to a command before anything is looked up: without store, plan or Slack."""

from collections.abc import Iterator, Mapping

from commands.answers import Understood
from commands.command import Command
from commands.grammar import FORCE
from commands.holding import whole_place
from commands.policy import Denied, decide
from storage.model.catalog import Catalog


def foreseen(catalog: Catalog, user: str, understood: Understood, channel: str | None) -> tuple[str, Denied] | None:
    """Give what is denied, and why; `None` for nothing. No `channel`: it is not asked from where it is said.

    Nobody is in a user group here: only Slack knows who is.
    """
    command = understood.command
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


def _acts(command: Command, arguments: Mapping[str, str]) -> Iterator[str]:
    yield command.name
    yield from (act for name, act in {FORCE: "force", **command.besides}.items() if name in arguments)


def _where(catalog: Catalog, command: Command, arguments: Mapping[str, str]) -> Iterator[tuple[str | None, str | None]]:
    if command.everywhere:
        yield from whole_place(catalog, arguments)
    else:
        yield arguments.get("service"), arguments.get("environment")
