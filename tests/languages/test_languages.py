"""Who reads what, as the workspace says; nobody waits long for it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.languages import Languages
from bot.slack.manifest import manifest
from bot.workspace.client import WorkspaceClient
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from commands.texts import DEFAULT, PORTUGUESE

ANA, RUI, NOBODY = "UANADEV01", "URUIREL01", "UNOBODY99"


@pytest.fixture
async def local() -> AsyncIterator[LocalWorkspace]:
    async with running(manifest=Manifest.read(manifest("socket"))) as workspace:
        yield workspace


def asking(local: LocalWorkspace, default: str = DEFAULT, clock: list[float] | None = None) -> Languages:
    """Languages that ask this workspace; `clock[0]` is the time."""
    now = clock or [0.0]
    languages = Languages(default, clock=lambda: now[0])
    languages.connect(AsyncWebClient(token=local.bot_token, base_url=local.api_url, retry_handlers=[]))
    return languages


async def test_people_read_what_their_slack_is_set_to(local: LocalWorkspace) -> None:
    languages = asking(local, PORTUGUESE)
    for user in (ANA, RUI, NOBODY):
        await languages.learn(user)
    assert [languages(user) for user in (ANA, RUI, NOBODY)] == [DEFAULT, PORTUGUESE, PORTUGUESE]


async def test_a_refusal_means_the_default_for_a_minute(local: LocalWorkspace) -> None:
    clock = [1.0]
    languages = asking(local, clock=clock)
    async with WorkspaceClient(local.url, local.token, "dev") as ana:
        await ana.control("switch", rate_limited={"users.info": 1})
    await languages.learn(RUI)
    assert languages(RUI) == DEFAULT
    clock[0] += 59
    await languages.learn(RUI)
    assert languages(RUI) == DEFAULT
    clock[0] += 2
    await languages.learn(RUI)
    assert languages(RUI) == PORTUGUESE


async def test_what_was_known_stays_when_slack_is_away(local: LocalWorkspace) -> None:
    clock = [1.0]
    languages = asking(local, clock=clock)
    await languages.learn(RUI)
    languages.connect(AsyncWebClient(token="xoxb", base_url="http://127.0.0.1:9/api/", retry_handlers=[]))
    clock[0] += 3599
    await languages.learn(RUI)
    clock[0] += 2
    await languages.learn(RUI)
    assert languages(RUI) == PORTUGUESE


async def test_nobody_waits_longer_than_a_second() -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    languages = Languages(PORTUGUESE)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"
    languages.connect(AsyncWebClient(token="xoxb", base_url=address, retry_handlers=[]))
    async with server:
        began = time.monotonic()
        await languages.learn(RUI)
        assert 0.9 < time.monotonic() - began < 3
        async with asyncio.timeout(5):
            await gone.wait()
    assert languages(RUI) == PORTUGUESE


async def test_before_slack_is_there_everybody_reads_the_default() -> None:
    languages = Languages(PORTUGUESE)
    await languages.learn(RUI)
    assert languages(RUI) == PORTUGUESE
