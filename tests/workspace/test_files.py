from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.client import WorkspaceClient
from bot.workspace.server import LocalWorkspace

DEPLOYS = "C0DEPLOYS"
LOG = "line one\n<script>alert(1)</script>\n"


async def test_files_upload_v2_shares_in_a_thread(slack: AsyncWebClient, ana: WorkspaceClient) -> None:
    root = await slack.chat_postMessage(channel=DEPLOYS, text="Deploy failed")

    answer: Any = await slack.files_upload_v2(
        channel=DEPLOYS,
        thread_ts=root["ts"],
        initial_comment="The whole log",
        file_uploads=[
            {"content": LOG, "filename": "build log.txt", "title": "Build"},
            {"content": "x", "filename": "b.txt", "title": "B"},
        ],
    )
    message = await ana.wait_for_message("The whole log")

    assert [file["title"] for file in answer["files"]] == ["Build", "B"]
    assert message["thread_ts"] == root["ts"]
    assert message["files"][0]["preview"] == LOG
    assert message["files"][0]["lines"] == 2
    assert await ana.download(message["files"][0]["url_private"]) == LOG.encode()


async def test_a_file_is_never_run_by_a_browser(
    slack: AsyncWebClient, ana: WorkspaceClient, local: LocalWorkspace
) -> None:
    answer: Any = await slack.files_upload_v2(channel=DEPLOYS, content="<script>", filename='a"\n.html')
    url = answer["files"][0]["url_private_download"]

    async with aiohttp.ClientSession() as session:
        stranger = await session.get(url)
        app = await session.get(url, headers={"Authorization": f"Bearer {local.bot_token}"})

    assert stranger.status == 401
    assert app.status == 200
    assert app.headers["Content-Type"].startswith("text/plain")
    assert app.headers["Content-Disposition"] == 'attachment; filename="a__.html"'
    assert "sandbox" in app.headers["Content-Security-Policy"]


async def test_the_announced_length_is_held_to(slack: AsyncWebClient) -> None:
    step = await slack.files_getUploadURLExternal(filename="a.txt", length=5)

    async with aiohttp.ClientSession() as session:
        wrong = await session.post(step["upload_url"], data=b"1234567")
        with pytest.raises(SlackApiError, match="file_not_found"):
            await slack.files_completeUploadExternal(files=[{"id": step["file_id"], "title": "A"}], channel_id=DEPLOYS)
        form = aiohttp.FormData()
        form.add_field("file", b"12345", filename="a.txt")
        right = await session.post(step["upload_url"], data=form)
        again = await session.post(step["upload_url"], data=b"12345")

    assert (wrong.status, right.status, again.status) == (400, 200, 404)
    await slack.files_completeUploadExternal(files=[{"id": step["file_id"], "title": "A"}])
    info = await slack.files_info(file=step["file_id"])
    assert (info["file"]["title"], info["file"]["size"]) == ("A", 5)


async def test_a_file_goes_only_where_the_bot_is(slack: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await slack.files_upload_v2(channel="C0RANDOM1", content="x", filename="a.txt")
