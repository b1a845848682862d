"""The Slack side as a process of its own, to be killed: `process.py FOLDER API_URL BOT_TOKEN APP_TOKEN`."""

import asyncio
import sys
from pathlib import Path

from bot.metrics import Metrics
from bot.slack.connection import Access, Slack
from storage.store import Store
from tests.slack.town import CATALOG, Desk


async def main(folder: Path, api_url: str, bot_token: str, app_token: str) -> None:
    """Work until killed."""
    store = await Store.open(f"sqlite:///{folder}/estiva.db", folder)
    access = Access(bot_token=bot_token, base_url=api_url, app_token=app_token, ping_seconds=0.5)
    slack = Slack(access=access, store=store, desk=Desk(), catalog=lambda: CATALOG, metrics=Metrics())
    await slack.open()
    await slack.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
