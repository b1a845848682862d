"""`estiva docs commands|settings`: the reference pages, written from the code; a test compares them."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.cli.terminal import show
from bot.settings import Settings
from commands.texts import LANGUAGES, PORTUGUESE, phrase

if TYPE_CHECKING:
    from commands.command import Command


class Page(StrEnum):
    """The pages that are generated."""

    COMMANDS = "commands"
    SETTINGS = "settings"


def docs(page: Page) -> None:
    """Print a page of docs/ as it must be."""
    show(write(page))


def write(page: Page) -> str:
    """Give a page's whole text, Markdown."""
    lines = _commands() if page is Page.COMMANDS else _settings()
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[str]:
    from commands.book import book

    yield "# Commands"
    yield ""
    yield "What you can ask, with a mention (`@estiva status`), in a direct message, or as `/estiva status`."
    yield "Words in `[brackets]` may be left out; `a|b` means either; `<names>` are yours to fill in."
    yield ""
    yield "<!-- Written by `make docs` from commands/verbs/; a test compares them. -->"
    for command in book().values():
        yield from _command(command)


def _command(command: "Command") -> Iterator[str]:
    from commands.usage import usage_lines

    yield ""
    yield f"## {command.name}"
    yield ""
    yield command.summary
    yield ""
    yield "```"
    yield from dict.fromkeys(line for language in LANGUAGES for line in usage_lines(command, language))
    yield "```"
    yield ""
    if command.verbs[1:]:
        yield f"Other words for it: {', '.join(f'`{verb}`' for verb in command.verbs[1:])}."
        yield ""
    yield f"For example: {_quoted(command.examples)}."
    yield ""
    yield f"In Portuguese: {_quoted(phrase(PORTUGUESE, example) for example in command.examples)}."


def _quoted(examples: Iterable[str]) -> str:
    return ", ".join(f"`{example}`" for example in examples)


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Environment variables, read when the process starts. What can be deployed is in [the catalog](catalog.md)."
    yield ""
    yield "<!-- Written by `make docs` from bot/settings.py; a test compares them. -->"
    yield ""
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default}`"
        yield f"| `ESTIVA_{name.upper()}` | {default} | {field.description} |"
