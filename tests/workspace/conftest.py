from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from bot.workspace.manifest import SCOPES, Manifest, Shortcut
from bot.workspace.server import LocalWorkspace, running

Connect = Callable[..., Awaitable[AsyncSocketModeHandler]]

MANIFEST = Manifest(
    shortcuts=(
        Shortcut(callback_id="show_log", name="Show Failure Log"),
        Shortcut(callback_id="deploy", name="Deploy", type="global"),
    ),
    scopes=(*SCOPES, "channels:history", "channels:read", "im:read", "files:read", "reactions:read"),
)


@pytest.fixture
async def local() -> AsyncIterator[LocalWorkspace]:
    """A workspace without rate limits and with retries at once; acks have their full time, so nothing is flaky."""
    async with running(manifest=MANIFEST, rate_limits=False, retry_scale=0.001) as workspace:
        yield workspace


@pytest.fixture
def slack(local: LocalWorkspace) -> AsyncWebClient:
    return AsyncWebClient(token=local.bot_token, base_url=local.api_url)


@pytest.fixture
async def ana(local: LocalWorkspace) -> AsyncIterator[WorkspaceClient]:
    async with WorkspaceClient(local.url, local.token, "dev") as person:
        yield person


@pytest.fixture
async def rui(local: LocalWorkspace) -> AsyncIterator[WorkspaceClient]:
    async with WorkspaceClient(local.url, local.token, "release") as person:
        yield person


@pytest.fixture
def bolt(slack: AsyncWebClient, local: LocalWorkspace) -> AsyncApp:
    return AsyncApp(client=slack, signing_secret=local.signing_secret)


@pytest.fixture
async def connect(local: LocalWorkspace, bolt: AsyncApp, ana: WorkspaceClient) -> AsyncIterator[Connect]:
    """Connects the bolt app over Socket Mode; may be called several times for several sockets."""
    async with AsyncExitStack() as stack:
        count = 0

        async def connected(ping_interval: float = 0.2) -> AsyncSocketModeHandler:
            nonlocal count
            web = AsyncWebClient(base_url=local.api_url)
            handler = AsyncSocketModeHandler(bolt, local.app_token, web_client=web, ping_interval=ping_interval)
            stack.push_async_callback(handler.close_async)
            await handler.connect_async()  # type: ignore[no-untyped-call]
            count += 1
            assert (await ana.control("wait", connections=count))["ok"]
            return handler

        yield connected
