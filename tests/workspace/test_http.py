import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from bot.workspace.server import LocalWorkspace, running


class Server:
    """An app behind HTTP: a bolt app and what it was sent; `answers` come before bolt's own."""

    def __init__(self) -> None:
        self.bolt: AsyncApp | None = None
        self.requests: list[tuple[dict[str, str], str]] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.requests.append((dict(request.headers), body))
        if self.answers and "url_verification" not in body:
            return self.answers.pop(0)
        assert self.bolt is not None
        return await to_aiohttp_response(await self.bolt.async_dispatch(await to_bolt_request(request)))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_post("/slack/events", server.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield server
    await runner.cleanup()


@pytest.fixture
async def local(server: Server) -> AsyncIterator[LocalWorkspace]:
    async with running(request_url=server.url, rate_limits=False, ack_seconds=1, retry_scale=0.001) as local:
        client = AsyncWebClient(token=local.bot_token, base_url=local.api_url)
        server.bolt = AsyncApp(client=client, signing_secret=local.signing_secret)
        yield local


@pytest.fixture
def bolt(server: Server, local: LocalWorkspace) -> AsyncApp:
    assert server.bolt is not None
    return server.bolt


async def test_the_request_url_proves_itself(local: LocalWorkspace, bolt: AsyncApp, ana: WorkspaceClient) -> None:
    assert (await ana.control("verify"))["ok"]
    assert (await ana.look("state"))["bot"] | {"mode": "http", "connected": True} == (await ana.look("state"))["bot"]


async def test_bolt_accepts_the_signature_of_all_kinds(bolt: AsyncApp, ana: WorkspaceClient) -> None:
    @bolt.event("app_mention")
    async def mention(say: Any) -> None:
        await say(text="press", blocks=[{"type": "actions", "elements": [PRESS]}])

    @bolt.command("/estiva")
    async def command(ack: Any, command: dict[str, str]) -> None:
        await ack(f"heard {command['text']}, {command['is_enterprise_install']}")

    @bolt.action("press")
    async def press(ack: Any, respond: Any) -> None:
        await ack()
        await respond("pressed")

    await ana.say("#deploys", "@estiva hello")
    message = await ana.wait_for_message("press")
    assert (await ana.click(message, "press"))["ok"]
    await ana.wait_for_message("pressed")
    assert (await ana.say("#deploys", "/estiva status"))["ok"]
    await ana.wait_for_message("heard status, false")


PRESS = {"type": "button", "action_id": "press", "text": {"type": "plain_text", "text": "Press"}}


async def test_a_failed_event_is_retried_with_number_and_reason(
    server: Server, bolt: AsyncApp, ana: WorkspaceClient
) -> None:
    server.answers = [web.Response(status=500)]
    heard = asyncio.Event()

    @bolt.event("app_mention")
    async def mention() -> None:
        heard.set()

    await ana.say("#deploys", "@estiva hello")
    await asyncio.wait_for(heard.wait(), 5)

    headers = server.requests[-1][0]
    assert (headers["X-Slack-Retry-Num"], headers["X-Slack-Retry-Reason"]) == ("1", "http_error")


async def test_no_retry_is_honoured(server: Server, bolt: AsyncApp, ana: WorkspaceClient) -> None:
    server.answers = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]

    await ana.say("#deploys", "@estiva hello")
    await asyncio.sleep(0.3)

    deliveries = await ana.log(kind="delivery")
    assert [entry["reason"] for entry in deliveries] == ["http_error"]


async def test_an_event_nobody_listens_to_is_retried_as_bolt_answers_404(bolt: AsyncApp, ana: WorkspaceClient) -> None:
    await ana.say("#deploys", "@estiva hello")
    await asyncio.sleep(0.8)

    deliveries = await ana.log(kind="delivery")
    assert [entry["attempt"] for entry in deliveries] == [0, 1, 2, 3]


async def test_nobody_at_the_url_is_a_failed_dispatch() -> None:
    async with (
        running(request_url="http://127.0.0.1:9/slack/events", rate_limits=False) as local,
        WorkspaceClient(local.url, local.token, "dev") as ana,
    ):
        answer = await ana.say("#deploys", "/estiva status")
        state = await ana.look("state")

    assert answer["error"] == "dispatch_failed"
    assert not state["bot"]["connected"]
