"""The server of the local workspace: all its parts behind one address."""

import contextlib
import importlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.workspace import act, control, live, transfer
from bot.workspace.api import dispatch
from bot.workspace.guard import guard
from bot.workspace.platform import Platform, assemble
from bot.workspace.settings import Settings
from bot.workspace.state import Workspace

PLATFORM = web.AppKey("platform", Platform)
_LARGEST = 1 << 30
_SHUTDOWN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWorkspace:
    """A running workspace: where it is and what opens it."""

    url: str
    api_url: str
    """What slack_sdk clients take as `base_url`."""
    token: str
    bot_token: str
    app_token: str
    signing_secret: str
    workspace: Workspace
    platform: Platform

    @property
    def page_url(self) -> str:
        """Return the address to open in a browser."""
        return f"{self.url}/?token={self.token}"


def create_app(workspace: Workspace, settings: Settings) -> web.Application:
    """Build the aiohttp application; its parts are under the key PLATFORM."""
    platform = assemble(workspace, settings)
    app = web.Application(client_max_size=_LARGEST, middlewares=[guard(platform)])
    app[PLATFORM] = platform
    app.router.add_routes(_wire_routes(platform))
    app.router.add_routes([*act.routes(platform), *control.routes(platform)])
    app.router.add_routes(_page_routes(workspace))
    app.on_shutdown.append(_stop)
    return app


@contextlib.asynccontextmanager
async def running(port: int = 0, workspace: Workspace | None = None, **settings: Any) -> AsyncIterator[LocalWorkspace]:
    """Run a workspace; port 0 takes a free one. `settings` are those of `Settings`."""
    chosen = Settings(port=port, **settings)
    workspace = workspace or Workspace(chosen.data, manifest=chosen.manifest)
    app = create_app(workspace, chosen)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    try:
        await web.TCPSite(runner, chosen.host, port).start()
        actual = runner.addresses[0][1]
        shown = "127.0.0.1" if chosen.host == "0.0.0.0" else chosen.host
        workspace.url = f"http://{shown}:{actual}"
        _announce(chosen, workspace.url)
        yield _local(app[PLATFORM])
    finally:
        await runner.cleanup()
        workspace.close()


def _local(platform: Platform) -> LocalWorkspace:
    settings, url = platform.settings, platform.workspace.url
    return LocalWorkspace(
        url=url,
        api_url=f"{url}/api/",
        token=settings.token,
        bot_token=settings.bot_token,
        app_token=settings.app_token,
        signing_secret=settings.signing_secret,
        workspace=platform.workspace,
        platform=platform,
    )


def _wire_routes(platform: Platform) -> list[web.RouteDef]:
    """Return what the app itself talks to, and the files."""
    call = partial(_with, platform, dispatch.answer)
    return [
        web.get("/api/{method}", call, allow_head=False),
        web.post("/api/{method}", call),
        web.get("/link/", platform.sockets.handle),
        web.post("/response/{name}", partial(_with, platform, transfer.respond)),
        web.post("/upload/{file}/{ticket}", partial(_with, platform, transfer.upload)),
        web.put("/upload/{file}/{ticket}", partial(_with, platform, transfer.upload)),
        web.get("/files/{file}/{name}", partial(_with, platform, transfer.download)),
        web.get("/act/stream", partial(_with, platform, live.stream)),
    ]


async def _with(
    platform: Platform,
    answer: Callable[[Platform, web.Request], Awaitable[web.StreamResponse]],
    request: web.Request,
) -> web.StreamResponse:
    return await answer(platform, request)


def _page_routes(workspace: Workspace) -> list[web.AbstractRouteDef]:
    """Return the page's routes; without the page, say so at its address."""
    page = importlib.import_module("bot.workspace.page")
    if hasattr(page, "routes"):
        return list(page.routes(workspace))

    async def missing(_: web.Request) -> web.Response:
        return web.Response(text="This build has no page. The act API is under /act/.")

    return [web.get("/", missing)]


def _announce(settings: Settings, url: str) -> None:
    """Write where the workspace is and its token, for the terminal; readable by the owner only."""
    if settings.data is None:
        return
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(settings.data / "workspace.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": settings.token, "pid": os.getpid()}, file)


async def _stop(app: web.Application) -> None:
    platform = app[PLATFORM]
    platform.workspace.stream.end()
    await platform.delivery.stop()
    await platform.sockets.close()
    if platform.http is not None:
        await platform.http.close()
