"""One Chromium for the session; per test a workspace with the tiny app, and people who look at it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.workspace.server import LocalWorkspace, running
from tests.page.tiny import MANIFEST, connected

CHROMIUM = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
PATIENCE = 30_000  # milliseconds: other tests may share the machine
expect.set_options(timeout=PATIENCE)
Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="session")
async def workspace() -> AsyncIterator[LocalWorkspace]:
    async with running(manifest=MANIFEST, rate_limits=False, ack_seconds=1.0) as local, connected(local):
        async with asyncio.timeout(5):
            await _app_connected(local)
        yield local


async def _app_connected(local: LocalWorkspace) -> None:
    if not local.workspace.connections:
        async for event in local.workspace.stream.listen("UANADEV01", after=0):
            if event["type"] == "connection" and event["connected"]:
                return


@pytest_asyncio.fixture(loop_scope="session")
async def look(browser: Browser, workspace: LocalWorkspace) -> AsyncIterator[Open]:
    """`await look("dev", "C0DEPLOYS")` opens the page; a script error or a violated policy fails the test."""
    complaints: list[str] = []
    contexts = []

    async def opened(person: str = "dev", channel: str = "C0DEPLOYS", query: str = "", **options: Any) -> Page:
        context = await browser.new_context(**options)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        await page.goto(f"{workspace.url}/?token={workspace.token}&as={person}&channel={channel}{query}")
        await page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert not complaints


async def say(page: Page, text: str) -> None:
    await page.fill("#draft", text)
    await page.press("#draft", "Enter")
