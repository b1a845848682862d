"""Take the pictures of a run's page in docs/runs.md: of a store made for it, by the very server that people use.

usage: PYTHONPATH=. .venv/bin/python docs/img/runs.py
"""

import asyncio
import os
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.async_api import async_playwright

from storage.store import Store
from tests.runs.conftest import Made, served

HERE = Path(__file__).parent
SHOTS = (
    # name, width, height, colours, language
    ("run-light", 1500, 780, "light", "en"),
    ("run-dark", 1500, 780, "dark", "pt_BR"),
    ("run-phone", 390, 844, "light", "en"),
)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made: list[Made] = []
        store = await Store.open(f"sqlite:///{folder}/estiva.db", Path(folder), clock=lambda: made[0].now)
        made.append(Made(store))
        run = await made[0].at_the_gate()
        made[0].now += timedelta(minutes=12, seconds=5)
        async with served(made[0]) as links, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
            )
            for name, width, height, colours, language in SHOTS:
                context = await browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if colours == "dark" else "light",
                    device_scale_factor=2 if width < 500 else 1,
                )
                page = await context.new_page()
                await page.goto(f"{links.to_run(run.id, run.opened_at)}&lang={language}")
                await page.screenshot(path=HERE / f"{name}.png")
                print(f"docs/img/{name}.png")
            await browser.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
