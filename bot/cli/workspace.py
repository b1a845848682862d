"""`estiva workspace`: the local workspace alone, a stand-in for Slack with a page."""

import asyncio
import signal
from dataclasses import replace
from typing import Annotated

import typer

from bot.cli.terminal import fail, out, run, settings
from bot.local import LocalAccess
from bot.settings import Settings


def workspace(port: Annotated[int | None, typer.Option(help="Else ESTIVA_WORKSPACE_PORT.")] = None) -> None:
    """Serve the local workspace until interrupted; `estiva serve --workspace` connects to it."""
    chosen = settings()
    wanted = chosen.workspace_port if port is None else port
    try:
        run(_serve(chosen, wanted))
    except OSError as problem:
        fail(f"Cannot listen on port {wanted} ({problem.strerror}): choose another with ESTIVA_WORKSPACE_PORT.")


async def _serve(chosen: Settings, port: int) -> None:
    from bot.slack.manifest import manifest
    from bot.workspace.manifest import Manifest
    from bot.workspace.server import running

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    access = LocalAccess.read(chosen.data) or LocalAccess.fresh()
    async with running(
        port=port,
        data=chosen.data,
        manifest=Manifest.read(manifest("socket")),
        bot_token=access.bot_token,
        app_token=access.app_token,
        signing_secret=access.signing_secret,
    ) as local:
        replace(access, url=local.url).write(chosen.data)
        out.print(f"Local workspace: {local.page_url}", markup=False)
        await stop.wait()
