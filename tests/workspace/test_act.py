import asyncio
import contextlib
import json
import re
import time
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from bot.workspace.guard import COOKIE
from bot.workspace.server import LocalWorkspace, running

DEPLOYS = "C0DEPLOYS"


@pytest.mark.parametrize("path", ["/", "/act/state?as=dev", "/act/stream?as=dev", "/control/log", "/files/F0/a.txt"])
async def test_without_the_token_nothing_is_shown(local: LocalWorkspace, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(local.url + path) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"] == "not_authed"


@pytest.mark.parametrize(
    ("path", "spoken", "said"),
    [
        ("/?token=of-the-last-start", "en-GB,en;q=0.8", "This page needs a new key"),
        ("/archives/C0DEPLOYS/p1700000000000100", "pt-BR,pt;q=0.9", "Esta página precisa de uma nova chave"),
        ("/files/F0/a.txt", "", "This page needs a new key"),
    ],
)
async def test_a_browser_with_an_old_key_is_told_what_to_do(
    local: LocalWorkspace, path: str, spoken: str, said: str
) -> None:
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": spoken}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(local.url + path) as answer:
            assert (answer.status, answer.content_type) == (401, "text/html")
            page = await answer.text()
        for style in re.findall(r'href="([^"]+)"', page):
            async with session.get(local.url + style) as answer:
                assert answer.status == 200
    assert said in page
    assert "make demo" in page
    assert "of-the-last-start" not in page


async def test_the_address_with_the_token_trades_it_for_a_cookie(local: LocalWorkspace) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(local.page_url, allow_redirects=False) as welcome:
            assert (welcome.status, welcome.headers["Location"]) == (303, "/")
            cookie = welcome.cookies[COOKIE]
        async with session.get(f"{local.url}/act/state?as=dev") as answer:
            assert answer.status == 200

    assert (cookie["samesite"], cookie["httponly"]) == ("Strict", True)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "http://127.0.0.1:1"}]
)
async def test_a_foreign_page_gets_nothing_even_with_the_token(local: LocalWorkspace, headers: dict[str, str]) -> None:
    known = {"X-Workspace-Token": local.token, **headers}
    async with aiohttp.ClientSession(headers=known) as session:
        async with session.get(f"{local.url}/act/state?as=dev") as answer:
            assert answer.status == 403
        async with session.post(f"{local.url}/api/auth.test", data={"token": local.bot_token}) as answer:
            assert answer.status == 403


async def test_only_json_acts(local: LocalWorkspace) -> None:
    async with aiohttp.ClientSession(headers={"X-Workspace-Token": local.token}) as session:
        async with session.post(f"{local.url}/act/say", data={"as": "dev", "text": "x"}) as answer:
            assert answer.status == 415
        async with session.post(
            f"{local.url}/act/say", data="[]", headers={"Content-Type": "application/json"}
        ) as answer:
            assert answer.status == 400


async def test_the_state_counts_what_is_unread(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    await slack.chat_postMessage(channel=DEPLOYS, text="one")
    last = await slack.chat_postMessage(channel=DEPLOYS, text="two for <@UANADEV01>")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "<@UANADEV01> may you?"}}
    last = await slack.chat_postMessage(channel=DEPLOYS, thread_ts=last["ts"], text="May she?", blocks=[section])

    before = await ana.look("state")
    read = await ana.act("read", channel=DEPLOYS, ts=last["ts"])
    after = await ana.look("state")

    deploys = before["channels"][0]
    assert (deploys["name"], deploys["unread"], deploys["mentions"]) == ("deploys", 2, 2)
    assert read == {"ok": True, "unread": 0, "mentions": 0}
    assert after["channels"][0]["unread"] == 0
    assert before["me"]["handle"] == "dev"
    assert [channel["id"] for channel in before["channels"] if channel["kind"] == "im"] == ["D0ANADEV01"]


async def test_wrong_people_and_places_are_refused_in_words(ana: WorkspaceClient, local: LocalWorkspace) -> None:
    async with WorkspaceClient(local.url, local.token, "nobody") as nobody:
        assert (await nobody.say(DEPLOYS, "x"))["error"] == "user_not_found"
    assert (await ana.say("#nowhere", "x"))["error"] == "channel_not_found"
    assert (await ana.say("D0RUIREL01", "x"))["error"] == "channel_not_found"
    assert (await ana.say(DEPLOYS, " "))["error"] == "no_text"
    assert (await ana.say(DEPLOYS, "x" * 12_001))["error"] == "msg_too_long"
    assert (await ana.say(DEPLOYS, "x", thread_ts="1.000001"))["error"] == "thread_not_found"


async def test_the_stream_resumes_where_it_was_left(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    number = (await ana.look("state"))["event_id"]
    await slack.chat_postMessage(channel=DEPLOYS, text="one")
    first = await ana.wait_for(lambda event: event["type"] == "message", after=number)
    await slack.chat_postMessage(channel=DEPLOYS, text="two")
    second = await ana.wait_for(lambda event: event["type"] == "message", after=first["id"])

    assert (first["message"]["text"], second["message"]["text"]) == ("one", "two")
    assert first["id"] < second["id"]


async def test_the_stream_shows_only_what_the_person_may_see(
    slack: AsyncWebClient, ana: WorkspaceClient, rui: WorkspaceClient
) -> None:
    await slack.chat_postMessage(channel="UANADEV01", text="for ana")
    await slack.chat_postEphemeral(channel=DEPLOYS, user="UANADEV01", text="only ana")
    await slack.chat_postMessage(channel=DEPLOYS, text="for all")

    first = await rui.wait_for(lambda event: "message" in event)
    await ana.wait_for_message("only ana")

    assert first["message"]["text"] == "for all"


async def test_a_number_from_before_the_restart_means_reload(ana: WorkspaceClient) -> None:
    event = await ana.wait_for(bool, after=10_000)

    assert event["type"] == "reload"


async def test_invite_lets_the_bot_in(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    assert (await ana.say("#random", "/invite @estiva"))["ok"]

    assert (await slack.chat_postMessage(channel="C0RANDOM1", text="thanks"))["ok"]


async def test_a_restarted_workspace_remembers(tmp_path: Path) -> None:
    async with running(data=tmp_path, rate_limits=False) as first:
        slack = AsyncWebClient(token=first.bot_token, base_url=first.api_url)
        posted = await slack.chat_postMessage(channel=DEPLOYS, text="one", client_msg_id="same")
        await slack.chat_update(channel=DEPLOYS, ts=posted["ts"], text="two")
        gone = await slack.chat_postMessage(channel=DEPLOYS, text="gone")
        await slack.chat_delete(channel=DEPLOYS, ts=gone["ts"])
        await slack.files_upload_v2(channel="C0GENERAL", content="kept", filename="a.txt")
        async with WorkspaceClient(first.url, first.token, "dev") as ana:
            await ana.wait_for_message("a.txt")
        await slack.views_publish(user_id="UANADEV01", view={"type": "home", "blocks": [{"type": "divider"}]})
        announced = json.loads((tmp_path / "workspace.json").read_text())
        assert (announced["url"], announced["token"]) == (first.url, first.token)
        assert (tmp_path / "workspace.json").stat().st_mode & 0o077 == 0

    async with (
        running(data=tmp_path, rate_limits=False) as second,
        WorkspaceClient(second.url, second.token, "dev") as ana,
    ):
        slack = AsyncWebClient(token=second.bot_token, base_url=second.api_url)
        again = await slack.chat_postMessage(channel=DEPLOYS, text="one", client_msg_id="same")
        assert again["ts"] == posted["ts"]
        assert [message["text"] for message in await ana.messages(DEPLOYS)] == ["two"]
        assert (await ana.look("state"))["home"]["blocks"]
        file = (await ana.messages("C0GENERAL"))[0]["files"][0]
        assert file["url_private"].startswith(second.url)
        assert await ana.download(file["url_private"]) == b"kept"


async def test_a_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    message = {"type": "message", "ts": "1.000001", "user": "UANADEV01", "text": "kept"}
    record = json.dumps({"kind": "message", "channel": DEPLOYS, "message": message})
    history.write_text(record + "\n" + record[:20])

    async with running(data=tmp_path) as local, WorkspaceClient(local.url, local.token, "dev") as ana:
        assert [each["text"] for each in await ana.messages(DEPLOYS)] == ["kept"]


async def test_a_reset_forgets_what_was_said(ana: WorkspaceClient) -> None:
    await ana.say(DEPLOYS, "hello")
    await ana.control("switch", drop_acks=5)
    await ana.control("reset")

    assert await ana.messages(DEPLOYS) == []
    assert (await ana.control("switch"))["switches"]["drop_acks"] == 0


async def test_an_unknown_switch_is_named(ana: WorkspaceClient) -> None:
    answer = await ana.control("switch", explode=1)

    assert "There is no switch 'explode'" in answer["message"]


async def test_the_workspace_stops_while_people_look() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running() as local:
            ana = await stack.enter_async_context(WorkspaceClient(local.url, local.token, "dev"))
            looking = asyncio.create_task(ana.wait_for(lambda event: event["type"] == "never"))
            await ana.look("state")
            began = time.monotonic()
        assert time.monotonic() - began < 0.9
        with pytest.raises((ConnectionError, aiohttp.ClientError)):
            await looking
