"""`estiva parse "<message>"`: what a message would be understood as. Starts nothing."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.catalog import load_or_fail
from bot.cli.terminal import Json, harmless, out, settings, show_json
from commands.answers import TALK, Conversation, Unclear, Understood
from commands.book import verb_names
from commands.foreseen import foreseen
from commands.parser import parse
from commands.policy import groups_named, knows
from commands.tokens import typed
from commands.words import Words
from storage.model.catalog import Catalog

_NAMED = ("service", "ref", "environment", "force", "reason", "target", "run")
"""Arguments that stand by themselves; all others are `options`."""
_CALLED = {"approval": "run", "gate": "run", "release": "target"}
"""Slots of usage lines that have another name outside: what is approved, and what is gone back to, are runs."""


def parse_message(
    message: Annotated[str, typer.Argument(help="What somebody would write, without the mention.")],
    catalog: Annotated[Path | None, typer.Option(help="The catalog to read it against.")] = None,
    as_user: Annotated[str | None, typer.Option("--as", help="Slack user id, to apply the policy.")] = None,
    channel: Annotated[str | None, typer.Option("--in", help="Channel id, or `direct`, for the policy.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a message would be understood as; exit code 0 for a command, 2 for anything else."""
    known = load_or_fail(catalog or settings().catalog)
    result = read_message(message, known, as_user, channel)
    if as_json:
        show_json(result)
    else:
        for line in _lines(result):
            out.print(harmless(line), markup=False)
    raise typer.Exit(0 if result["outcome"] == "command" else 2)


def _lines(result: Mapping[str, object]) -> Iterator[str]:
    """Give for people what `--json` gives for programs: one thing a line."""
    yield f"{result['outcome']}: {result['command']}" if result["command"] else str(result["outcome"])
    arguments = result["arguments"]
    flat = dict(arguments) if isinstance(arguments, Mapping) else {}
    options = flat.pop("options", {})
    for name, value in {**flat, **(options if isinstance(options, Mapping) else {})}.items():
        yield f"  {name}: {_written(value)}"
    if result["message"]:
        yield str(result["message"])


def _written(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_written(each) for each in value)
    return "yes" if value is True else "-" if value is None else str(value)


def read_message(
    message: str, catalog: Catalog, user: str | None = None, channel: str | None = None
) -> dict[str, object]:
    """Read a message as the desk does; with a user, what the policy says to it too, there."""
    parsed = parse(typed(message), Words(catalog, verb_names()))
    if isinstance(parsed, Conversation):
        return _answer("ignored", None, (), TALK[parsed.why])
    if isinstance(parsed, Unclear):
        if user is not None and not knows(catalog, user, {}):
            return _answer("refused", None, (), "not allowed: unknown_person" + _unseen(catalog))
        return _answer("ask" if parsed.command else "ignored", parsed.command, (), parsed.text)
    refusal = _refusal(parsed, catalog, user, channel)
    return _answer("refused" if refusal else "command", parsed.command.name, parsed.each, refusal)


def _refusal(parsed: Understood, catalog: Catalog, user: str | None, channel: str | None) -> str:
    found = foreseen(catalog, user, parsed, "D" if channel == "direct" else channel) if user is not None else None
    if found is None:
        return ""
    act, denied = found
    what = "not allowed" if act == parsed.command.name else f"not allowed to {act}"
    instead = f" (only {', '.join(denied.allowed)})" if denied.allowed else ""
    return f"{what}: {denied.why}{instead}{_unseen(catalog)}"


def _unseen(catalog: Catalog) -> str:
    """Say what this cannot know, where it may make a difference."""
    return "; who is in a user group only Slack knows, so groups do not count here" if groups_named(catalog) else ""


def _answer(outcome: str, command: str | None, each: Sequence[Mapping[str, str]], message: str) -> dict[str, object]:
    every = [public(arguments) for arguments in each]
    answer: dict[str, object] = {
        "outcome": outcome,
        "command": command,
        "arguments": _together(every),
        "message": message,
    }
    if every[1:]:
        answer["commands"] = [{"command": command, "arguments": arguments} for arguments in every]
    return answer


def public(arguments: Mapping[str, str]) -> dict[str, object]:
    """Give the arguments by the names that docs/language.md promises."""
    known: dict[str, object] = {}
    options: dict[str, str] = {}
    for spoken, value in arguments.items():
        name = _CALLED.get(spoken, spoken)
        if name in _NAMED:
            known[name] = True if name == "force" else value
        else:
            options[name] = value
    return {**known, "options": options} if options else known


def _together(every: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Of several services: what they have in common, and lists of what they do not."""
    if not every:
        return {}
    names = dict.fromkeys(name for arguments in every for name in arguments)
    values = {name: [arguments.get(name) for arguments in every] for name in names}
    return {
        name: value[0] if all(each == value[0] for each in value) and not (name == "service" and every[1:]) else value
        for name, value in values.items()
    }
