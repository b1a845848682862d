import asyncio
import json
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.workspace.client import WorkspaceClient
from bot.workspace.server import LocalWorkspace

DEPLOYS = "C0DEPLOYS"


class Heard:
    """Collects what a listener got and wakes whoever waits."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    async def __call__(self, body: dict[str, Any]) -> None:
        async with self._news:
            self.bodies.append(body)
            self._news.notify_all()

    async def wait(self, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.bodies) >= count)
            return self.bodies


def listen(bolt: AsyncApp, *events: str) -> Heard:
    heard = Heard()
    for event in events:
        bolt.event(event)(heard)
    return heard


async def settled(ana: WorkspaceClient, count: int, kind: str = "events_api") -> list[dict[str, Any]]:
    """Return the deliveries once there are `count` of them that have ended."""
    async with asyncio.timeout(5):
        while True:
            entries = await ana.log(kind="delivery", method=kind)
            if len(entries) >= count and all("response" in entry for entry in entries[:count]):
                return entries
            await asyncio.sleep(0.02)


async def test_a_mention_arrives_escaped_with_blocks(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "app_mention")
    await connect()

    said = await ana.say("#deploys", "@estiva deploy <b> & #general for @release `x<y`")

    body = (await heard.wait())[0]
    event = body["event"]
    assert event["type"] == "app_mention"
    assert event["user"] == "UANADEV01"
    assert event["text"] == ("<@UESTIVA01> deploy &lt;b&gt; &amp; <#C0GENERAL|general> for <@URUIREL01> `x&lt;y`")
    assert (event["channel"], event["ts"], event["event_ts"]) == (DEPLOYS, said["ts"], said["ts"])
    assert event["blocks"][0]["type"] == "rich_text"
    assert event["client_msg_id"]
    assert body["event_id"].startswith("Ev")
    assert body["team_id"] == event["team"] == "T0ESTIVA1"
    assert body["authorizations"][0]["user_id"] == "UESTIVA01"


async def test_a_direct_message_is_a_message_event(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "message", "app_mention")
    await connect()

    await ana.say("@estiva", "status of @estiva")

    event = (await heard.wait())[0]["event"]
    assert (event["type"], event["channel_type"]) == ("message", "im")
    assert len(await settled(ana, 1)) == 1


async def test_what_is_not_subscribed_does_not_come(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "message", "app_mention")
    await connect()

    await ana.say("#deploys", "nothing for you")
    await ana.say("#random", "@estiva you are not here")
    await ana.say("#deploys", "@estiva hello")

    assert [body["event"]["text"] for body in await heard.wait()] == ["<@UESTIVA01> hello"]


async def test_the_bot_s_own_direct_message_comes_back_with_its_bot_id(
    slack: Any, bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    listen(bolt, "message")
    await connect()

    await slack.chat_postMessage(channel="UANADEV01", text="done")

    event = (await settled(ana, 1))[0]["payload"]["event"]
    assert event["bot_id"] == "BESTIVA01"


async def test_an_unacked_event_comes_again_with_the_same_id(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    heard = listen(bolt, "app_mention")
    await connect()
    await ana.control("switch", drop_acks=2, ack_seconds=0.5)

    await ana.say("#deploys", "@estiva deploy")

    bodies = await heard.wait(3)
    entries = await settled(ana, 3)
    assert len({body["event_id"] for body in bodies}) == 1
    assert [(each["attempt"], each["retry_reason"]) for each in entries] == [(0, ""), (1, "timeout"), (2, "timeout")]
    assert [each["acked_ms"] is None for each in entries] == [True, True, False]


async def test_slack_gives_up_after_three_retries(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "app_mention")
    await connect()
    await ana.control("switch", drop_acks=99, ack_seconds=0.05)

    await ana.say("#deploys", "@estiva deploy")

    await heard.wait(4)
    await settled(ana, 4)
    await asyncio.sleep(0.5)
    assert len(heard.bodies) == 4


async def test_a_duplicated_event_runs_the_listener_twice(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "app_mention")
    await connect()
    await ana.control("switch", duplicate_events=1)

    await ana.say("#deploys", "@estiva deploy")

    bodies = await heard.wait(2)
    assert bodies[0]["event_id"] == bodies[1]["event_id"]


async def test_held_events_come_in_reverse(bolt: AsyncApp, connect: Any, ana: WorkspaceClient) -> None:
    heard = listen(bolt, "app_mention")
    await connect()
    await ana.control("switch", reorder=3)

    for word in ("one", "two", "three"):
        await ana.say("#deploys", f"@estiva {word}")

    texts = [body["event"]["text"].split()[-1] for body in await heard.wait(3)]
    assert texts == ["three", "two", "one"]


async def test_an_event_waits_for_a_bot_that_comes_late(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient, local: LocalWorkspace
) -> None:
    heard = listen(bolt, "app_mention")
    await ana.control("switch", retry_scale=0.02)
    await ana.say("#deploys", "@estiva deploy")
    await settled(ana, 2)

    await connect()

    body = (await heard.wait())[0]
    assert body["event"]["text"].endswith("deploy")
    entries = await settled(ana, 3)
    assert [each["reason"] for each in entries] == ["no_connection", "no_connection", ""]
    assert local.workspace.connections == 1


async def test_a_command_without_a_bot_fails_before_the_person(ana: WorkspaceClient) -> None:
    answer = await ana.say("#deploys", "/estiva status")
    failure = await ana.wait_for(lambda event: event["type"] == "failure")

    assert answer["message"] == failure["message"] == '/estiva failed with the error "dispatch_failed"'


async def test_a_command_that_is_not_acked_in_time_is_not_retried(
    bolt: AsyncApp, connect: Any, ana: WorkspaceClient
) -> None:
    heard = Heard()
    bolt.command("/estiva")(heard)
    await connect()
    await ana.control("switch", ack_seconds=0.2)

    answer = await ana.say("#deploys", "/estiva status")

    assert answer["message"] == '/estiva failed with the error "operation_timeout"'
    assert len(await heard.wait()) == 1
    assert len(await ana.log(kind="delivery", method="slash_commands")) == 1


async def test_the_log_is_plain_json(ana: WorkspaceClient, connect: Any, bolt: AsyncApp) -> None:
    listen(bolt, "app_mention")
    await connect()
    await ana.say("#deploys", "@estiva hello")
    await settled(ana, 1)

    assert json.dumps(await ana.log())
