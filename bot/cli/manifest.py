"""`estiva manifest`: the Slack app manifest to paste into Slack's "Create an app"."""

from typing import Annotated

import typer

from bot.cli.terminal import show_json
from bot.settings import Mode


def manifest(
    mode: Annotated[Mode, typer.Option(help="How Slack will reach the bot.")] = Mode.SOCKET,
    url: Annotated[str | None, typer.Option(help="Public address of the bot, HTTP mode.")] = None,
) -> None:
    """Print the app manifest with the fewest scopes that Estiva needs."""
    from bot.slack.manifest import manifest as describe

    if mode is Mode.HTTP and url is None:
        raise typer.BadParameter("HTTP mode needs --url, the public address of the bot: https://estiva.example.com")
    show_json(describe(mode.value, url))
