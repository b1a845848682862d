"""How subcommands talk: people get words and tables, programs get `--json`; errors go to stderr with what to do."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from bot.settings import Settings

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

T = TypeVar("T")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def settings() -> Settings:
    """Read the settings, or end with one line per wrong one."""
    try:
        return Settings()
    except ValidationError as problem:
        for wrong in problem.errors():
            name = "ESTIVA_" + "_".join(str(part) for part in wrong["loc"]).upper() if wrong["loc"] else "settings"
            err.print(f"{name}: {wrong['msg']}", style="red", markup=False)
        raise typer.Exit(2) from problem


def fail(text: str, code: int = 2) -> NoReturn:
    """Print an error and end the command with this exit code."""
    err.print(text, style="red", markup=False)
    raise typer.Exit(code)


def harmless(text: str) -> str:
    """Replace what a terminal obeys rather than shows: logs, commits and messages are other people's words."""
    return _CONTROLS.sub("\ufffd", text)


def show(text: str) -> None:
    """Print text exactly as it is."""
    sys.stdout.write(text)


def show_json(value: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def run(work: Awaitable[T]) -> T:
    """Run a coroutine to its end; Ctrl-C ends the command quietly."""

    async def go() -> T:
        return await work

    try:
        return asyncio.run(go())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
