"""Take the pictures in docs/language.md: help, status, a question, the App Home and the form, in both languages.

usage: PYTHONPATH=. .venv/bin/python docs/img/surfaces.py [folder]     (a folder gets them all, to be looked at)
"""

import asyncio
import os
import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright

from storage.preferences import Preference
from tests.verbs.office import ANA, DEPLOYS, RUI, Office, office
from tests.verbs.test_noise import asked_for, worked

HERE = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent
PEOPLE = {"en": ("dev", ANA), "pt": ("release", RUI)}
SAID = {"en": ("help", "status"), "pt": ("ajuda", "situação")}
KEPT = ("help-pt-dark", "status-en-light", "approval-pt-dark", "form-pt-dark", "home-en-light")
SHOTS = tuple(product(PEOPLE, ("light", "dark"))) if sys.argv[1:] else (("en", "light"), ("pt", "dark"))
PADDING = 20
WIDTH, HEIGHT = 1320, 1400


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with office(Path(folder)) as place, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
            )
            await place.released(replicas=3)
            await place.released("production")
            for language, colours in SHOTS:
                await _take(browser, place, language, colours)
            await browser.close()


async def _take(browser: Browser, place: Office, language: str, colours: str) -> None:
    handle, user = PEOPLE[language]
    await place.store.preferences.put(DEPLOYS, Preference(language="pt_BR" if language == "pt" else "en"), by=user)
    run, _ = await asked_for(place, ANA)
    await worked(place, run)
    page = await _open(browser, place, handle, colours)
    async with place.person(handle) as person:
        for name, text in zip(("help", "status"), SAID[language], strict=True):
            await person.types(f"/estiva {text}")
            await _shoot(page.locator("#log article.ephemeral").last, f"{name}-{language}-{colours}")
        await page.locator("#log article", has_text=run.id).locator(".replies").last.click()
        question = page.locator('#thread article:has([data-action="estiva:approve"])', has_text=run.id)
        await question.last.locator("a.link").first.wait_for()  # back to its card
        await _shoot(question.last, f"approval-{language}-{colours}")
        await person.types("/estiva deploy")
        await _shoot(page.locator("dialog[open]"), f"form-{language}-{colours}")
        await page.keyboard.press("Escape")
        await page.locator("dialog[open]").wait_for(state="detached")
    home = await _open(browser, place, handle, colours, f"&channel=D0{user[1:]}&tab=home")
    await _shoot(home.locator(".home-inside"), f"home-{language}-{colours}")


async def _open(browser: Browser, place: Office, handle: str, colours: str, more: str = f"&channel={DEPLOYS}") -> Page:
    scheme = "dark" if colours == "dark" else "light"
    context = await browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, timezone_id="America/Sao_Paulo"
    )
    page = await context.new_page()
    await page.goto(f"{place.local.url}/?token={place.local.token}&as={handle}{more}")
    await page.wait_for_selector("html[data-ready]")
    return page


async def _shoot(what: Locator, name: str) -> None:
    await what.wait_for()
    if name not in KEPT and not sys.argv[1:]:
        return
    await what.page.wait_for_timeout(1500)
    if name.startswith("home"):
        await what.evaluate(f"each => each.style.padding = '{PADDING}px'")
    await what.screenshot(path=HERE / f"{name}.png")
    print(f"{HERE}/{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
