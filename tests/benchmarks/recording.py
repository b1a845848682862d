"""Estiva's way from a delivery to its acknowledgement, durable record included, without the answering that follows.

`recording.py FOLDER API_URL BOT_TOKEN APP_TOKEN`
"""

import asyncio
import logging
import sys
from pathlib import Path

from bot.metrics import Metrics
from bot.slack.connection import Access, Slack
from bot.slack.socket import SocketMode
from storage.store import Store
from tests.slack.town import CATALOG, Desk


async def main(folder: Path, api_url: str, bot_token: str, app_token: str) -> None:
    """Listen until killed."""
    logging.disable(logging.WARNING)
    store = await Store.open(f"sqlite:///{folder}/estiva.db", folder)
    access = Access(bot_token=bot_token, base_url=api_url, app_token=app_token)
    slack = Slack(access=access, store=store, desk=Desk(), catalog=lambda: CATALOG, metrics=Metrics())
    await slack.open()
    await SocketMode(slack.app, app_token).run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
