"""`estiva workspace`: the local workspace alone, a stand-in for Slack with a page."""

import asyncio
import signal
from typing import Annotated

import typer

from bot.cli.terminal import out, run, settings
from bot.settings import Settings


def workspace(port: Annotated[int | None, typer.Option(help="Else ESTIVA_WORKSPACE_PORT.")] = None) -> None:
    """Serve the local workspace until interrupted; the bot connects to it by its base URL."""
    run(_serve(settings(), port))


async def _serve(chosen: Settings, port: int | None) -> None:
    from bot.workspace.server import running

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(port=chosen.workspace_port if port is None else port, data=chosen.data) as local:
        out.print(f"Local workspace: {local.url}/?token={local.token}", markup=False)
        await stop.wait()
