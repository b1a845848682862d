"""The book of commands: every module in `commands/verbs/` that defines `COMMAND`."""

import importlib
import pkgutil
from functools import cache

from commands import verbs
from commands.command import Command
from commands.little import WORDS
from commands.tokens import fold


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


@cache
def verb_names() -> dict[str, str]:
    """Give every verb with the name of the command that it begins, and the imperatives of the Portuguese ones."""
    given = {word: command.name for command in book().values() for word in command.verbs}
    formed = {form: name for word, name in given.items() for form in imperatives(word)}
    return {**{form: name for form, name in formed.items() if form not in WORDS}, **given}


@cache
def loose_verbs(command: str) -> frozenset[str]:
    """Give the verbs of a command that also mean something else, as they are compared."""
    words = book()[command].loose
    return frozenset(fold(form) for word in words for form in (word, *imperatives(word)))


_SOUNDS = {"c": "qu", "g": "gu", "ç": "c"}


def imperatives(word: str) -> tuple[str, ...]:
    """Give how a regular Portuguese verb is said to somebody: `publicar` gives `publica` and `publique`."""
    stem, ending = word[:-2], word[-2:]
    if word.endswith("ear"):
        return f"{stem}ia", f"{stem}ie"  # `bloqueia`
    if ending == "ar" and len(stem) > 1:
        return f"{stem}a", f"{stem[:-1]}{_SOUNDS.get(stem[-1], stem[-1])}e"
    return (f"{stem}e", f"{stem}a") if ending == "er" and len(stem) > 1 else ()
