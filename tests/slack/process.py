"""The Slack side as a process of its own, to be killed: `process.py STORE FOLDER API_URL BOT_TOKEN APP_TOKEN`."""

import asyncio
import logging
import sys
from pathlib import Path

from bot.metrics import Metrics
from bot.presence import Alone, OneOfSeveral
from bot.slack.connection import Access, Slack
from storage.store import Store
from tests.slack.town import CATALOG, Desk


async def main(url: str, folder: Path, api_url: str, bot_token: str, app_token: str) -> None:
    """Work until killed."""
    logging.basicConfig(level="INFO")
    store = await Store.open(url, folder)
    access = Access(bot_token=bot_token, base_url=api_url, app_token=app_token, ping_seconds=0.5)
    presence = OneOfSeveral(store, url) if url.startswith("postgresql") else Alone(store)
    slack = Slack(
        access=access, store=store, desk=Desk(), catalog=lambda: CATALOG, metrics=Metrics(), presence=presence
    )
    await slack.open()
    await slack.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
