"""What an app must survive in Socket Mode, fault by fault, with the real SDK."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from bot.workspace.server import LocalWorkspace


@pytest.fixture
def bolt(bolt: AsyncApp) -> AsyncApp:
    @bolt.command("/estiva")
    async def status(ack: Any) -> None:
        await ack("fine")

    return bolt


async def recovers(ana: WorkspaceClient, seconds: float) -> float:
    """Return after how many seconds a command is answered again."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            if (await ana.say("#deploys", "/estiva status"))["ok"]:
                return time.monotonic() - began
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["refresh", "close", "reset"])
async def test_an_ended_socket_is_replaced(connect: Any, ana: WorkspaceClient, how: str) -> None:
    await connect()

    await ana.control("disconnect", how=how)

    assert await recovers(ana, 5) < 3
    assert len(await ana.log(method="apps.connections.open")) == 2


async def test_a_warning_alone_changes_nothing_here(ana: WorkspaceClient, local: LocalWorkspace) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(await fresh_url(local))
        assert (await socket.receive_json())["type"] == "hello"
        await ana.control("disconnect", how="warning")

        assert (await socket.receive_json())["reason"] == "warning"
        assert local.workspace.connections == 1
        await socket.close()


async def test_a_silent_peer_is_left(connect: Any, ana: WorkspaceClient) -> None:
    await connect()

    await ana.control("switch", silent=True, ack_seconds=0.5)

    assert await recovers(ana, 15) < 10


async def test_open_failing_three_times_is_survived(connect: Any, ana: WorkspaceClient) -> None:
    await connect()
    await ana.control("switch", fail_open=3)

    await ana.control("disconnect", how="close")

    assert await recovers(ana, 10) < 8
    opened = await ana.log(method="apps.connections.open")
    assert [entry["ok"] for entry in opened] == [True, False, False, False, True]


async def test_a_refused_handshake_needs_a_fresh_url(connect: Any, ana: WorkspaceClient) -> None:
    """slack_sdk 3.47 retries the spent URL for ever; whoever watches it clears the URL and it recovers."""
    handler = await connect()
    await ana.control("switch", refuse_tickets=1)
    await ana.control("disconnect", how="close")
    await asyncio.sleep(1.5)
    stuck = not await handler.client.is_connected()

    handler.client.wss_uri = None

    assert stuck
    assert await recovers(ana, 5) < 3


async def fresh_url(local: LocalWorkspace) -> str:
    opened = await AsyncWebClient(base_url=local.api_url).apps_connections_open(app_token=local.app_token)
    return str(opened["url"])


async def test_a_ticket_is_good_once(local: LocalWorkspace) -> None:
    url = await fresh_url(local)
    async with aiohttp.ClientSession() as session:
        first = await session.ws_connect(url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url.replace("ticket=", "ticket=0"))
        await first.close()


async def test_an_eleventh_socket_is_one_too_many(local: LocalWorkspace) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await fresh_url(local)) for _ in range(11)]
        frames = [await socket.receive_json() for socket in sockets]

        assert [frame["type"] for frame in frames] == ["hello"] * 10 + ["disconnect"]
        assert frames[-1]["reason"] == "too_many_websockets"
        for socket in sockets:
            await socket.close()


async def test_each_envelope_goes_to_one_socket_in_turn(local: LocalWorkspace, ana: WorkspaceClient) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(await fresh_url(local)) for _ in range(3)]
        for socket in sockets:
            await socket.receive_json()
        for number in range(6):
            await ana.say("#deploys", f"@estiva {number}")

        for socket in sockets:
            for _ in range(2):
                envelope = await socket.receive_json()
                assert envelope["type"] == "events_api"
                assert not envelope["accepts_response_payload"]
                await socket.send_json({"envelope_id": envelope["envelope_id"]})
            await socket.close()


async def test_an_ack_may_come_on_another_socket(local: LocalWorkspace, ana: WorkspaceClient) -> None:
    async with aiohttp.ClientSession() as session:
        one = await session.ws_connect(await fresh_url(local))
        two = await session.ws_connect(await fresh_url(local))
        await one.receive_json()
        await two.receive_json()
        asked = asyncio.create_task(ana.say("#deploys", "/estiva status"))
        readers = {asyncio.create_task(socket.receive_json()): socket for socket in (one, two)}
        done, waiting = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        envelope = done.pop().result()
        other = readers[waiting.pop()]

        await other.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "late but fine"}})

        assert (await asked)["ok"]
        await one.close()
        await two.close()


async def test_open_fails_by_switch(local: LocalWorkspace, ana: WorkspaceClient) -> None:
    await ana.control("switch", fail_open=1)

    with pytest.raises(SlackApiError, match="internal_error"):
        await fresh_url(local)
    assert (await fresh_url(local)).startswith("ws://127.0.0.1")
