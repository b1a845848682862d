"""The workspace is slow, or not reached, while people use the page: nothing is lost, and nothing comes back."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace import doing
from bot.workspace.server import LocalWorkspace, running
from tests.page.conftest import Open, say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def look(look: Open) -> Open:
    """Hold the browser's requests up from the start, where none is meant.

    Chromium lets a request by that is made within milliseconds after a page's first `route`: a later one acts at once.
    """

    async def opened(*place: str, **options: Any) -> Page:
        page = await look(*place, **options)
        await page.route("**/nowhere", lambda route: route.abort())
        await page.evaluate("fetch('/nowhere').catch(() => null)")
        return page

    return opened


async def held(page: Page, address: str) -> asyncio.Event:
    """Hold back what the page asks for there until the event is set."""
    answered = asyncio.Event()

    async def hold(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route(address, hold)
    return answered


async def ask_for_the_form(page: Page) -> None:
    await say(page, "@estiva gate")
    await page.get_by_role("button", name="Explain Why").click()
    await expect(page.locator("#modal")).to_be_visible()


async def test_what_is_said_while_a_place_is_opened_stands_there(look: Open, workspace: LocalWorkspace) -> None:
    page, bia = await look(), await look("dev2")
    client = AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url)

    async def say_meanwhile(place: str, thread: str | None) -> None:
        """Hold the answer back until what it was drawn without is known to the page."""

        async def held(route: Route) -> None:
            drawn = await route.fetch()
            said = await client.chat_postMessage(channel="C0DEPLOYS", thread_ts=thread, text="said meanwhile")
            await expect(bia.locator("#log article").last).to_contain_text("1 reply" if thread else "said meanwhile")
            await page.wait_for_timeout(200)
            await client.chat_update(channel="C0DEPLOYS", ts=str(said["ts"]), text=f"changed in the {place}")
            await route.fulfill(response=drawn)

        await page.route(f"**/page/{place}?*", held)

    root = await client.chat_postMessage(channel="C0DEPLOYS", text="Deploying")
    await say_meanwhile("thread", str(root["ts"]))
    await page.locator("#log article").last.hover()
    await page.locator("#log article").last.get_by_role("button", name="Reply in thread").click()
    await expect(page.locator("#thread article").last).to_contain_text("changed in the thread")
    await page.get_by_role("link", name="general").click()
    await expect(page.locator("#here")).to_have_text("#general")
    await say_meanwhile("channel", None)
    await page.get_by_role("link", name="deploys").click()
    await expect(page.locator("#log article").last).to_contain_text("changed in the channel")


async def test_a_thread_that_opens_late_leaves_alone_who_writes_elsewhere(
    look: Open, workspace: LocalWorkspace
) -> None:
    page = await look()
    await say(page, "@estiva plan")
    replies, opened = page.get_by_role("button", name="1 reply"), await held(page, "**/page/thread?*")
    await replies.click()
    await page.click("#draft")
    await page.keyboard.type("half a ")
    opened.set()
    await expect(page.locator("#thread")).to_contain_text("details")
    await page.keyboard.type("message")
    await expect(page.locator("#draft")).to_have_value("half a message")
    await page.keyboard.press("Escape")
    await replies.click()
    await expect(page.get_by_label("Reply in the thread")).to_be_focused()


async def test_what_is_typed_while_a_thread_opens_stands_in_it(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await say(page, "@estiva plan")
    opened = await held(page, "**/page/thread?*")
    await page.get_by_role("button", name="1 reply").click()
    await page.keyboard.type("cancel? ")
    opened.set()
    await expect(page.locator("#thread")).to_contain_text("details")
    await page.keyboard.type("no")
    await expect(page.get_by_label("Reply in the thread")).to_have_value("cancel? no")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread article").last).to_contain_text("cancel? no")
    opened.clear()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="2 replies").click()
    await page.keyboard.press("Escape")
    opened.set()
    await page.wait_for_timeout(300)
    await expect(page.locator("#thread")).to_be_hidden()


async def test_a_modal_that_was_closed_does_not_come_back(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await ask_for_the_form(page)
    await page.route("**/act/close", lambda route: route.abort())
    async with page.expect_event("requestfailed", lambda request: request.url.endswith("/act/close")):
        await page.keyboard.press("Escape")
    await expect(page.locator("#modal")).to_be_hidden()
    await page.reload()
    await page.wait_for_selector("html[data-ready]")
    await expect(page.locator("#modal")).to_be_hidden()


async def test_a_modal_that_was_closed_while_nobody_was_reached_is_closed_once_somebody_is(
    look: Open, workspace: LocalWorkspace
) -> None:
    page = await look()
    await ask_for_the_form(page)
    await page.route("**/act/close", lambda route: route.abort(), times=1)
    await page.keyboard.press("Escape")
    await _no_views(workspace)


async def test_who_leaves_the_page_leaves_its_modal(look: Open, workspace: LocalWorkspace) -> None:
    page = await look()
    await ask_for_the_form(page)
    await page.goto("about:blank")
    await _no_views(workspace)


async def _no_views(workspace: LocalWorkspace) -> None:
    """Wait until the workspace knows of no modal."""
    async with asyncio.timeout(30):
        async for event in workspace.workspace.stream.listen("UANADEV01", after=0):
            if event["type"] == "view" and event["action"] == "closed":
                return


@pytest.mark.parametrize("lost", ["app.js", "modal.js", "blocks.css"])
async def test_a_page_that_lost_a_file_on_the_way_is_loaded_again(
    browser: Browser, workspace: LocalWorkspace, lost: str
) -> None:
    page = await (await browser.new_context()).new_page()
    await page.route(f"**/page/static/{lost}*", lambda route: route.abort("connectionreset"), times=2)
    came = page.wait_for_event("requestfinished", lambda request: f"/static/{lost}" in request.url)
    await page.goto(f"{workspace.url}/?token={workspace.token}&as=dev")
    await came
    await page.wait_for_selector("html[data-ready]")
    await page.context.close()


async def test_a_page_whose_scripts_do_not_load_says_so(browser: Browser, workspace: LocalWorkspace) -> None:
    page = await (await browser.new_context(locale="en")).new_page()
    await page.route("**/page/static/modal.js*", lambda route: route.abort())
    await page.goto(f"{workspace.url}/?token={workspace.token}&as=dev")
    said = page.get_by_text("The scripts of this page have not loaded")
    await expect(said).to_be_visible()
    await page.unroute("**/page/static/modal.js*")
    await page.get_by_role("link", name="Load it again").click()
    await page.wait_for_selector("html[data-ready]")
    await expect(said).to_have_count(0)
    await page.context.close()


async def test_shows_what_was_said_while_the_network_was_gone(look: Open) -> None:
    ana, bia = await look("dev"), await look("dev2")
    await ana.context.set_offline(True)
    await say(bia, "said while Ana was away")
    await expect(bia.locator("#log article")).to_have_count(1)
    await ana.context.set_offline(False)
    await expect(ana.locator("#log")).to_contain_text("said while Ana was away", timeout=15000)


async def test_survives_a_restart_of_the_workspace(browser: Browser, tmp_path: Path) -> None:
    kept: dict[str, Any] = {"data": tmp_path, "token": "the-same-token"}
    page = await browser.new_page()
    async with running(**kept) as first:
        port = urlsplit(first.url).port or 0
        await page.goto(f"{first.url}/?token={first.token}")
        await page.wait_for_selector("html[data-ready]")
        await say(page, "before")
        await expect(page.locator("#log article")).to_have_count(1)
        await page.fill("#draft", "half written")
    await expect(page.locator("#toasts")).to_contain_text("Trying again", timeout=10000)
    async with running(port, **kept) as second:
        doing.say(
            second.platform, second.workspace.people["UBIADEV02"], second.workspace.channels["C0DEPLOYS"], "after", None
        )
        await expect(page.locator("#log article").last).to_contain_text("after", timeout=20000)
        await expect(page.locator("#log article").first).to_contain_text("before")
        await expect(page.locator("#draft")).to_have_value("half written")
    await page.context.close()
