"""The terminal: one command, `estiva`, for people and for tests. One file per subcommand."""

from bot.cli.imports import uncollected

with uncollected():
    from bot.cli.main import main

__all__ = ["main"]
