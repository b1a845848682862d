"""The pages in a real Chromium: nothing refused by their policy or wider than the screen, and words stand out."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from storage.model.event import Kind
from tests.page.test_contrast import luminance
from tests.runs.conftest import Made, served

CHROMIUM = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
STYLE = (files("bot.runs") / "static" / "runs.css").read_text(encoding="utf-8")
TONES = [("good", "good-ground"), ("bad", "bad-ground"), ("warn", "warn-ground"), ("busy", "busy-ground")]
PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-quiet", "link") for ground in ("ground", "raised", "sunken")),
    *((tone, "ground") for tone in ("good", "bad", "warn", "busy", "off")),
    *TONES,
    ("off", "off-ground"),
    *(("ink", ground) for _, ground in TONES),
    *(("ink-quiet", ground) for _, ground in TONES),
    *((ink, "busy-ground") for ink in ("link", "good", "bad", "warn", "off")),
]


@pytest.mark.browser
async def test_every_page_fits_every_screen_and_keeps_its_own_policy(made: Made) -> None:
    why = f"`docker build --build-arg COMMIT=${'A_LONG_NAME_' * 5} .` ended with exit code 1"
    runs = [await made.trying_again(), await made.paused(), await made.failed(why), *await made.queued()]
    complaints: list[str] = []
    async with served(made) as links, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, height, scheme in ((1280, 800, "light"), (390, 844, "dark")):
            context = await browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
            )
            tab = await context.new_page()
            tab.on("console", lambda said: complaints.append(said.text))
            for url in (links.to_list(), *(links.to_run(run.id, run.opened_at) for run in runs)):
                await tab.goto(url)
                assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), (url, width)
                assert await tab.locator("svg:visible").count() == (0 if "/runs?" in url else 1)
            await tab.goto(links.to_run(runs[0].id, runs[0].opened_at))
            await tab.get_by_role("link", name="Log").last.click()
            await tab.get_by_role("link", name=f"Back to {runs[0].id}").wait_for()
            assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            await tab.goto(links.to_list())
            await tab.get_by_role("link").first.click()
            await tab.get_by_role("heading", level=1).wait_for()
            await context.close()
        await browser.close()
    assert complaints == []


@pytest.mark.browser
async def test_times_are_by_the_clock_of_the_reader_and_in_utc_where_no_script_may_run(made: Made) -> None:
    made.now = datetime(2026, 11, 27, 2, 50, tzinfo=UTC)
    run = await made.at_the_gate()
    async with served(made) as links, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        url = links.to_run(run.id, run.opened_at)
        there = await (await browser.new_context(timezone_id="America/Sao_Paulo")).new_page()
        await there.goto(url)
        image = there.locator(".steps tr", has_text="image")
        await expect(image.locator("time")).to_have_text("23:50:10")
        await expect(image.locator("time")).to_have_attribute("title", "2026-11-27 02:50 UTC")
        await expect(there.locator("header time")).to_have_text("Nov 26, 2026, 23:50")
        await expect(there.locator(".steps tr", has_text="Approval").locator(".quiet time")).to_contain_text("Nov 27")
        assert await there.locator(".zone").all_inner_texts() == ["GMT-3", "GMT-3"]
        await there.goto(f"{url}&lang=pt_BR")
        await expect(there.locator("header time")).to_have_text("26 de nov. de 2026, 23:50")
        plain = await (await browser.new_context(java_script_enabled=False)).new_page()
        await plain.goto(url)
        await expect(plain.locator(".steps tr", has_text="image").locator("time")).to_have_text("02:50:10")
        assert await plain.locator(".zone").all_inner_texts() == ["UTC", "UTC"]
        await browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1400, 390])
async def test_each_box_of_the_graph_leads_to_its_step_and_from_there_to_its_log_with_no_script(
    made: Made, width: int
) -> None:
    run = await made.trying_again()
    async with served(made) as links, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": width, "height": 400}, java_script_enabled=False)
        tab = await context.new_page()
        await tab.goto(links.to_run(run.id, run.opened_at))
        graph = tab.locator(".graph:visible")
        unit, step = graph.locator("a.node", has_text="unit"), tab.locator(".steps tr", has_text="attempt 2 of 3")
        await expect(step).not_to_be_in_viewport()
        await unit.focus()
        await tab.keyboard.press("Enter")
        await expect(step).to_be_in_viewport()
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        await expect(tab.get_by_role("heading", name=f"{run.id} · build/unit")).to_be_visible()
        await tab.get_by_role("link", name=f"Back to {run.id}").click()
        await expect(step).to_be_in_viewport()
        await graph.locator("a.stage", has_text="deploy").locator(".name").click()
        await expect(tab.locator(".steps tr:target, .steps tbody:target", has_text="deploy")).to_be_in_viewport()
        await browser.close()


@pytest.mark.browser
async def test_the_page_renews_itself_where_the_reader_is(made: Made) -> None:
    run = await made.trying_again()
    async with served(made) as links, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = await browser.new_page(viewport={"width": 1400, "height": 400})
        await tab.goto(links.to_run(run.id, run.opened_at))
        await tab.locator(".graph:visible a.node", has_text="unit").click()
        await made.fact(run, Kind.ACTION_SUCCEEDED, stage="build", action="unit", attempt=2, summary="7 passed")
        step = tab.locator(".steps tr", has_text="7 passed")
        await expect(step).to_be_in_viewport(timeout=15_000)
        assert await step.evaluate("each => each.matches(':target')")
        await expect(step.get_by_text("The whole log")).to_be_visible()  # unfolded by the box, and still so
        await browser.close()


def colours(scheme: str) -> dict[str, str]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return {**found, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))} if scheme == "dark" else found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_ink_stands_out_from_its_ground(scheme: str, ink: str, ground: str) -> None:
    known = colours(scheme)
    dark, light = sorted((luminance(known[ink]), luminance(known[ground])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5, (known[ink], known[ground])
