"""Take the pictures of the documentation: the demo's workspace, as Ana and Rui see it.

usage: .venv/bin/python docs/img/take.py        (while `make demo` is up, and a run waits for Rui last of all)
"""

import asyncio
import json
import os
import re
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

HERE = Path(__file__).parent
DATA = Path(os.environ.get("ESTIVA_DATA", HERE.parents[1] / ".estiva"))
SHOTS = (
    # name, width, height, colours, person, what opens a thread: the first of its kind, or the last
    ("deploy-light", 1280, 900, "light", "dev", r"^[3-9] replies", 0),
    ("deploy-dark", 1280, 900, "dark", "release", r"^1 resposta", -1),
    ("deploy-phone", 390, 844, "light", "dev", "", 0),
)


async def main() -> None:
    known = json.loads((DATA / "workspace.json").read_text())
    address = f"{known['url']}/?token={known['token']}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for name, width, height, colours, person, replies, place in SHOTS:
            page = await _open(browser, address, width, height, colours, person)
            if replies:
                await page.get_by_text(re.compile(replies)).nth(place).click()
                await page.wait_for_timeout(1000)
            await page.screenshot(path=HERE / f"{name}.png")
            print(f"docs/img/{name}.png")
        await browser.close()


async def _open(browser: Browser, address: str, width: int, height: int, colours: str, person: str) -> Page:
    scheme = "dark" if colours == "dark" else "light"
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=2 if width < 500 else 1
    )
    page = await context.new_page()
    await page.goto(f"{address}&as={person}")
    await page.wait_for_timeout(1500)
    return page


if __name__ == "__main__":
    asyncio.run(main())
