"""`estiva parse "<message>"`: what a message would be understood as. Starts nothing."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.catalog import load_or_fail
from bot.cli.terminal import Json, out, settings, show_json
from commands.book import verb_names
from commands.parser import Conversation, Unclear, Understood, parse
from commands.policy import Denied, decide
from commands.words import Words
from storage.model.catalog import Catalog


def parse_message(
    message: Annotated[str, typer.Argument(help="What somebody would write, without the mention.")],
    catalog: Annotated[Path | None, typer.Option(help="The catalog to read it against.")] = None,
    as_user: Annotated[str | None, typer.Option("--as", help="Slack user id, to apply the policy.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a message would be understood as; exit code 0 for a command, 2 for anything else."""
    known = load_or_fail(catalog or settings().catalog)
    result = _read(message, known, as_user)
    if as_json:
        show_json(result)
    else:
        out.print(
            f"{result['outcome']}: {result['command'] or ''} {result['arguments']}\n{result['message']}", markup=False
        )
    raise typer.Exit(0 if result["outcome"] == "command" else 2)


def _read(message: str, catalog: Catalog, user: str | None) -> dict[str, object]:
    parsed = parse(message, Words(catalog, verb_names()))
    if isinstance(parsed, Conversation):
        return _answer("ignored", None, {}, "")
    if isinstance(parsed, Unclear):
        return _answer("ask" if parsed.command else "ignored", parsed.command, {}, parsed.text)
    refusal = _refusal(parsed, catalog, user)
    return _answer("refused" if refusal else "command", parsed.command.name, dict(parsed.arguments), refusal)


def _refusal(parsed: Understood, catalog: Catalog, user: str | None) -> str:
    if user is None:
        return ""
    arguments = parsed.arguments
    decision = decide(
        catalog,
        user,
        parsed.command.name,
        service=arguments.get("service"),
        environment=arguments.get("environment"),
    )
    return f"not allowed: {decision.why}" if isinstance(decision, Denied) else ""


def _answer(outcome: str, command: str | None, arguments: dict[str, str], message: str) -> dict[str, object]:
    return {"outcome": outcome, "command": command, "arguments": arguments, "message": message}
