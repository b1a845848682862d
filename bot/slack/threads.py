"""Where people talk about a run: the thread of its card."""

from collections.abc import Callable

from bot.slack.desired import key_of
from storage.posts import Post
from storage.store import Store

Permalink = Callable[[Post], str]
"""Gives the address that opens the thread under a message; empty when that is not known."""


async def card_of(store: Store, run: str) -> Post | None:
    """Find the card of a run; `None` when there is none, or not yet."""
    card = await store.posts.get(key_of(run, "card"))
    return card if card is not None and card.ts else None
