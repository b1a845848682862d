import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running

DEPLOYS = "C0DEPLOYS"


@pytest.fixture
async def http(local: LocalWorkspace) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {local.bot_token}"}) as session:
        yield session


async def call(http: aiohttp.ClientSession, local: LocalWorkspace, method: str, **arguments: Any) -> dict[str, Any]:
    async with http.post(f"{local.api_url}{method}", json=arguments) as answer:
        return dict(await answer.json())


@pytest.mark.parametrize("how", ["query", "form", "json", "get"])
async def test_arguments_may_come_in_any_way(http: aiohttp.ClientSession, local: LocalWorkspace, how: str) -> None:
    url = f"{local.api_url}chat.postMessage"
    blocks = [{"type": "divider"}]
    flat = {"channel": DEPLOYS, "text": "hello", "blocks": json.dumps(blocks)}
    ways = {
        "query": http.post(url, params=flat),
        "form": http.post(url, data=flat),
        "json": http.post(url, json={**flat, "blocks": blocks}),
        "get": http.get(url, params=flat),
    }
    chosen = ways.pop(how)
    for other in ways.values():
        other.close()

    async with chosen as answer:
        body = await answer.json()

    assert body["ok"], body
    assert body["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0RANDOM1", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": DEPLOYS}, "no_text"),
        ("chat.postMessage", {"channel": DEPLOYS, "text": ""}, "no_text"),
        ("chat.postMessage", {"channel": DEPLOYS, "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": DEPLOYS, "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": DEPLOYS, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ("chat.postMessage", {"channel": DEPLOYS, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
        ("chat.update", {"channel": DEPLOYS, "ts": "1.000001", "text": "x"}, "message_not_found"),
        ("chat.delete", {"channel": DEPLOYS, "ts": "1.000001"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": DEPLOYS, "user": "U0NOBODY", "text": "x"}, "user_not_found"),
        ("chat.getPermalink", {"channel": DEPLOYS, "message_ts": "1.000001"}, "message_not_found"),
        ("conversations.history", {"channel": "C0RANDOM1"}, "not_in_channel"),
        ("conversations.replies", {"channel": DEPLOYS, "ts": "1.000001"}, "thread_not_found"),
        ("conversations.history", {"channel": DEPLOYS, "cursor": "zzz"}, "invalid_cursor"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@estiva.example"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0"}, "no_such_subteam"),
        ("reactions.add", {"channel": DEPLOYS, "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
        ("views.open", {"trigger_id": "1.2", "view": {"type": "modal"}}, "invalid_arguments"),
        ("views.update", {"view_id": "V0", "view": {}}, "not_found"),
        ("files.info", {"file": "F0"}, "file_not_found"),
        ("files.completeUploadExternal", {"files": [{"id": "F0"}]}, "file_not_found"),
        ("files.getUploadURLExternal", {"filename": "x"}, "invalid_arguments"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
        ("team.info", {}, "missing_scope"),
        ("chat.noSuchThing", {}, "unknown_method"),
    ],
)
async def test_a_wrong_call_is_refused_by_slack_s_name(
    http: aiohttp.ClientSession, local: LocalWorkspace, method: str, arguments: dict[str, Any], error: str
) -> None:
    body = await call(http, local, method, **arguments)

    assert (body["ok"], body["error"]) == (False, error)


async def test_a_person_s_message_is_not_the_app_s_to_change(
    http: aiohttp.ClientSession, local: LocalWorkspace, ana: Any
) -> None:
    said = await ana.say(DEPLOYS, "mine")

    update = await call(http, local, "chat.update", channel=DEPLOYS, ts=said["ts"], text="yours")
    delete = await call(http, local, "chat.delete", channel=DEPLOYS, ts=said["ts"])

    assert update["error"] == "cant_update_message"
    assert delete["error"] == "cant_delete_message"


async def test_an_update_is_shorter_than_a_post(http: aiohttp.ClientSession, local: LocalWorkspace) -> None:
    posted = await call(http, local, "chat.postMessage", channel=DEPLOYS, text="x" * 50_000)

    refused = await call(http, local, "chat.update", channel=DEPLOYS, ts=posted["ts"], text="x" * 4001)

    assert len(posted["message"]["text"]) == 40_000
    assert refused["error"] == "msg_too_long"


async def test_tokens_are_checked(local: LocalWorkspace) -> None:
    async with aiohttp.ClientSession() as session:
        none = await call(session, local, "auth.test")
        wrong = await call(session, local, "auth.test", token="xoxb-wrong")
        app = await call(session, local, "auth.test", token=local.app_token)
        right = await call(session, local, "auth.test", token=local.bot_token)

    assert [none["error"], wrong["error"], app["error"]] == ["not_authed", "invalid_auth", "not_allowed_token_type"]
    assert right["ok"]


async def test_the_token_is_in_no_log(http: aiohttp.ClientSession, local: LocalWorkspace) -> None:
    await call(http, local, "auth.test", token=local.bot_token)

    assert local.bot_token not in json.dumps(local.platform.log.after())


async def test_a_body_that_is_not_json_is_named_so(http: aiohttp.ClientSession, local: LocalWorkspace) -> None:
    async with http.post(
        f"{local.api_url}chat.postMessage", data="{", headers={"Content-Type": "application/json"}
    ) as answer:
        assert (await answer.json())["error"] == "invalid_json"


async def test_a_scope_that_the_app_did_not_ask_for_is_missing() -> None:
    async with running(manifest=Manifest(), rate_limits=False) as local:
        headers = {"Authorization": f"Bearer {local.bot_token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            body = await call(session, local, "conversations.history", channel=DEPLOYS)
            direct = await call(session, local, "conversations.history", channel="D0ANADEV01")

    assert (body["error"], body["needed"]) == ("missing_scope", "channels:history")
    assert direct["ok"]
