"""The pages in a real Chromium: nothing refused by their policy or wider than the screen, and words stand out."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

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
]


@pytest.mark.browser
async def test_every_page_fits_every_screen_and_keeps_its_own_policy(made: Made) -> None:
    runs = [await made.trying_again(), await made.paused(), await made.failed(), *await made.queued()]
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
            await tab.goto(links.to_list())
            await tab.get_by_role("link").first.click()
            await tab.get_by_role("heading", level=1).wait_for()
            await context.close()
        await browser.close()
    assert complaints == []


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
