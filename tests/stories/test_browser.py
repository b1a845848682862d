"""People at the real page in a real Chromium, with the real bot behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.stories.world import World

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
PHONE = {"width": 390, "height": 844}
_SOON, _LONG = 20_000, 90_000
Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def look(world: World) -> AsyncIterator[Open]:
    """`await look("dev")` opens the page as somebody; an error in a script fails the story."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        async def opened(person: str = "dev", **options: Any) -> Page:
            page = await (await browser.new_context(**options)).new_page()
            page.set_default_timeout(_SOON)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
            address = f"{world.local.url}/?token={world.local.token}&as={person}&channel=C0DEPLOYS"
            await page.goto(address, timeout=_LONG)
            await page.wait_for_selector("html[data-ready]", timeout=_LONG)
            return page

        yield opened
        await browser.close()
    assert not complaints


async def _say(page: Page, text: str) -> None:
    await page.fill("#draft", text)
    await page.press("#draft", "Enter")


def _message(page: Page, text: str) -> Locator:
    return page.locator("#log article", has_text=text)


async def _thread(page: Page, title: str) -> None:
    """Open the thread of a run: the channel has no more than its card."""
    await _message(page, title).locator(".replies").click(timeout=_LONG)


def _reply(page: Page, text: str) -> Locator:
    return page.locator("#thread article", has_text=text)


async def test_a_deploy_is_typed_and_watched_until_it_runs(world: World, look: Open) -> None:
    check = {"name": "unit", "with": {"run": ["python3", "-c", "import time; time.sleep(3)"]}}
    world.service("curlew", tests=[check])
    page = await look()
    await _say(page, "@estiva deploy curlew to homolog")
    card = _message(page, "Deploy curlew to homolog").locator(".plan")
    await expect(card.locator(".task")).to_have_count(5, timeout=_SOON)
    await expect(card.locator(".task.in_progress")).to_contain_text("Testing unit", timeout=_LONG)
    await expect(card.locator(".task.complete")).to_have_count(5, timeout=_LONG)
    await _thread(page, "curlew-1 · Deploy")
    end = _reply(page, "curlew-1: Deployed curlew to homolog in").last
    await expect(end).to_contain_text("@Ana")
    await expect(end.get_by_role("link", name=world.addresses["curlew.homolog"])).to_be_visible()
    await expect(_message(page, "curlew-1").get_by_role("button", name="Cancel")).to_have_count(0)


async def test_rui_approves_with_a_click_and_a_confirmation(world: World, look: Open) -> None:
    world.service("plume")
    page = await look()
    await _say(page, "@estiva deploy plume to homolog")
    await expect(_message(page, "plume-1 · Deploy").locator(".task.complete")).to_have_count(4, timeout=_LONG)
    await _say(page, "@estiva deploy plume to production")
    await _thread(page, "plume-2 · Promote")
    question = _reply(page, "asks to release plume to production")
    await expect(question.get_by_role("button", name="Approve")).to_be_visible(timeout=_SOON)
    await page.locator(".switcher summary").click()
    await page.get_by_role("link", name="Rui").click()
    await page.wait_for_selector("html[data-ready][data-me=URUIREL01]")
    await _thread(page, "plume-2 · Promote")
    await question.get_by_role("button", name="Approve").click()
    await page.get_by_role("button", name="Not Yet").click()
    await expect(question.get_by_role("button", name="Approve")).to_be_enabled()
    await question.get_by_role("button", name="Approve").click()
    await page.locator("dialog[open]").get_by_role("button", name="Approve").click()
    await expect(question).to_contain_text("Approved by Rui", timeout=_SOON)
    await expect(question.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(_reply(page, "plume-2: Deployed plume to production in")).to_be_visible(timeout=_LONG)
    assert (await world.answers("plume.production")).strip() == "I am plume"


async def test_a_failure_is_read_to_its_full_log(world: World, look: Open) -> None:
    run = ["python3", "-c", "print('<b>first</b> line'); raise SystemExit('the end & <i>all</i>')"]
    world.service("grebe", tests=[{"name": "unit", "with": {"run": run}}])
    page = await look()
    await _say(page, "@estiva deploy grebe to homolog")
    await _thread(page, "grebe-1 · Deploy")
    failure = _reply(page, "grebe-1: Couldn't pass unit tests")
    failure = failure.filter(has=page.get_by_role("button", name="Full Log"))
    await expect(failure).to_contain_text("the end & <i>all</i>", timeout=_LONG)
    assert await failure.locator("i, b").filter(has_text="all").count() == 0
    await failure.get_by_role("button", name="Full Log").click()
    file = page.locator("#thread figure.file")
    await file.locator("summary").click()
    await expect(file.locator("pre")).to_contain_text("<b>first</b> line")
    async with page.expect_download() as waiting:
        await file.get_by_role("link", name="Download").click()
    assert "<b>first</b> line" in (await (await waiting.value).path()).read_text()


async def test_a_deploy_can_be_asked_and_cancelled_on_a_phone(world: World, look: Open) -> None:
    check = {"name": "unit", "with": {"run": ["python3", "-c", "import time; time.sleep(300)"]}}
    world.service("stint", tests=[check])
    page = await look("dev", viewport=PHONE, has_touch=True, is_mobile=True)
    await _say(page, "@estiva deploy stint to homolog")
    card = _message(page, "stint-1 · Deploy")
    await expect(card.locator(".task.in_progress")).to_contain_text("Testing unit", timeout=_LONG)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await card.get_by_role("button", name="Cancel").tap()
    await page.locator("dialog[open]").get_by_role("button", name="Cancel the Run").tap()
    await expect(card).to_contain_text("Cancelled by Ana after", timeout=_SOON)
    await expect(card.get_by_role("button", name="Cancel")).to_have_count(0)


async def test_a_run_is_done_again_by_its_menu_on_a_phone(world: World, look: Open) -> None:
    steps = {"prepare": "true", "check": "false"}
    works = {"name": "it", "uses": "command"}
    actions = {name: {**works, "with": {"image": "estiva/busybox:base", "run": [run]}} for name, run in steps.items()}
    stages = [{"stage": name, "environment": "homolog", "actions": [action]} for name, action in actions.items()]
    world.service("scaup", pipeline=stages)
    page = await look("dev", viewport=PHONE, has_touch=True, is_mobile=True)
    await _say(page, "@estiva deploy scaup to homolog")
    await _thread(page, "scaup-1 · Deploy")
    failure = _reply(page, "Exit code 1").filter(has=page.get_by_role("button", name="Full Log"))
    await failure.locator(".control.is-overflow summary").tap(timeout=_LONG)
    box = await failure.locator(".control.is-overflow .menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    await failure.get_by_role("button", name="Rerun from a stage…").tap()
    form = page.locator("dialog[open]")
    await expect(form).to_contain_text("Earlier stages are not done again")
    await expect(form.locator("select")).to_have_value("check")
    await form.locator("select").select_option("prepare")
    await form.get_by_role("button", name="Rerun").tap()
    await expect(_reply(page, "Doing scaup-1 again from prepare: run scaup-2")).to_be_visible(timeout=_LONG)
