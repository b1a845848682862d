"""`estiva serve`, `web` and `worker`: the whole bot, or one half of it, until SIGTERM or Ctrl-C."""

import asyncio
import logging
import signal
from typing import Annotated

import typer

from bot.cli.imports import uncollected
from bot.cli.terminal import err, fail, out, run, settings
from bot.local import LocalAccess
from bot.role import Role
from bot.settings import SLACK, Settings

_DOES = {Role.SERVE: "serves", Role.WEB: "serves Slack", Role.WORKER: "works"}


Workspace = Annotated[
    bool, typer.Option("--workspace", help="Talk to the local workspace on the same data folder, not to Slack.")
]


def serve(workspace: Workspace = False) -> None:
    """Serve until stopped. What was under way when it stopped, or died, goes on at the next start."""
    _start(Role.SERVE, workspace=workspace)


def web(workspace: Workspace = False) -> None:
    """Serve Slack and HTTP only, on PostgreSQL, beside one or more `estiva worker`. Several may run."""
    _start(Role.WEB, workspace=workspace)


def worker() -> None:
    """Bring runs to their end, on PostgreSQL, beside one or more `estiva web`. Several may run, on several machines."""
    _start(Role.WORKER, workspace=False)


def _start(role: Role, *, workspace: bool) -> None:
    chosen = _local(settings()) if workspace else settings()
    missing = chosen.missing() if role.speaks else []
    if missing:
        fail(f"Not set: {', '.join(missing)}. See docs/connect-slack.md; without Slack: `make demo`.")
    logging.basicConfig(level=chosen.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # that of AWS writes whole answers when it is let, and secrets are answers
    for chatty in ("dbos", "slack_bolt", "bot.slack.bolt", "alembic", "botocore", "boto3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
    with uncollected():
        from bot.compose import PortTaken, SeveralNeedPostgres
        from bot.slack.connection import SlackSetupError
        from runners.caddy import ForeignProxy
        from runners.lease import EngineBusy
        from storage.catalog import CatalogProblems

    try:
        run(_serve(chosen, role))
    except CatalogProblems as problems:
        err.print(str(problems), style="red", markup=False)
        raise typer.Exit(2) from problems
    except FileNotFoundError as problem:
        fail(f"No catalog at {problem.filename}: set ESTIVA_CATALOG to yours; docs/catalog.md tells how to write one.")
    except (EngineBusy, ForeignProxy, SlackSetupError, PortTaken, SeveralNeedPostgres) as problem:
        fail(str(problem))


def _local(chosen: Settings) -> Settings:
    """Take the local workspace's tokens; refuse to mix them with real ones."""
    if chosen.slack_base_url == SLACK and (chosen.slack_bot_token or chosen.slack_app_token):
        fail("Slack credentials are set: the local workspace never runs together with them. Unset ESTIVA_SLACK_*.")
    access = LocalAccess.read(chosen.data)
    if access is None:
        fail(f"No local workspace serves from {chosen.data}: start `estiva workspace` first, or `make demo`.")
    return chosen.model_copy(update=access.settings())


async def _serve(chosen: Settings, role: Role) -> None:
    from bot.compose import estiva
    from bot.masking import mask_logs

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with estiva(chosen, role=role) as running:
        mask_logs(running.store.redactor)
        where = f"health at {running.url}/health" if running.url else "no port for health (ESTIVA_WORKER_PORT)"
        out.print(f"Estiva {_DOES[role]}; {where}", markup=False)
        work = asyncio.create_task(running.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if work.done():
            await work  # it never ends by itself: this raises what went wrong
        work.cancel()
        await asyncio.wait({work})
