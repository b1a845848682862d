"""The book of commands: every module in `commands/verbs/` that defines `COMMAND`."""

import importlib
import pkgutil
from functools import cache

from commands import verbs
from commands.command import Command


@cache
def book() -> dict[str, Command]:
    """Give all commands by name, in alphabetical order. Raises `ValueError` when two share a name or a verb."""
    modules = (
        importlib.import_module(f"commands.verbs.{found.name}") for found in pkgutil.iter_modules(verbs.__path__)
    )
    commands = [module.COMMAND for module in modules]
    taken: dict[str, str] = {}
    for command in commands:
        for word in command.verbs:
            if word in taken:
                raise ValueError(f"the verb {word!r} belongs to both {taken[word]!r} and {command.name!r}")
            taken[word] = command.name
    return {command.name: command for command in commands}


def verb_names() -> dict[str, str]:
    """Give every verb with the name of the command that it begins."""
    return {word: command.name for command in book().values() for word in command.verbs}
