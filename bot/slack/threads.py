"""Where people talk about a run: the link to the thread of its card."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import error_of
from bot.slack.desired import key_of
from storage.posts import Post
from storage.store import Store

log = logging.getLogger(__name__)

Permalink = Callable[[Post], Awaitable[str]]
_LONGEST = 10.0
"""Seconds that somebody waits who has clicked."""


async def card_of(store: Store, run: str) -> Post | None:
    """Find the card of a run; `None` when there is none, or not yet."""
    card = await store.posts.get(key_of(run, "card"))
    return card if card is not None and card.ts else None


async def permalink(client: AsyncWebClient, post: Post) -> str:
    """Ask Slack for the address that opens the thread under a message; empty when it does not say."""
    try:
        async with asyncio.timeout(_LONGEST):
            answer = await client.chat_getPermalink(channel=post.channel, message_ts=post.ts)
    except SlackApiError as problem:
        log.warning("Slack says %s instead of where message %s in %s is", error_of(problem), post.ts, post.channel)
        return ""
    except (aiohttp.ClientError, TimeoutError) as problem:
        log.warning("Slack does not say where message %s in %s is: %s", post.ts, post.channel, problem)
        return ""
    return f"{answer['permalink']}?{urlencode({'thread_ts': post.ts, 'cid': post.channel})}"
