"""The least that a bolt app can be: it acknowledges. `bare.py API_URL BOT_TOKEN APP_TOKEN`."""

import asyncio
import logging
import sys

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient


async def main(api_url: str, bot_token: str, app_token: str) -> None:
    """Listen until killed."""
    logging.disable(logging.WARNING)
    app = AsyncApp(client=AsyncWebClient(bot_token, base_url=api_url))

    @app.event("app_mention")
    async def mention(event: dict[str, object]) -> None:
        """Nothing: bolt acknowledges events."""

    @app.command("/estiva")
    async def command(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSocketModeHandler(app, app_token)
    await handler.start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
