"""Gathers what one person's App Home shows."""

import asyncio
from collections.abc import Callable

from bot.slack.cards.home import Home
from storage.model.catalog import Catalog
from storage.store import Store

_LOOKED_BACK = 100
_PLACES = 60


async def gather_home(store: Store, catalog: Callable[[], Catalog], user: str) -> Home:
    """Look up what waits, what this person asked for, and what runs where."""
    known = catalog()
    if user not in known.people:
        return Home(known=False)
    places = [(service, environment) for service in known.services for environment in known.environments][:_PLACES]
    pending, recent = await asyncio.gather(store.approvals.pending(), store.runs.recent(limit=_LOOKED_BACK))
    releases = await asyncio.gather(*(store.releases.current(service, environment) for service, environment in places))
    return Home(
        known=True,
        approvals=pending,
        runs=[run for run in recent if run.requester == user],
        releases=[release for release in releases if release],
        catalog=known,
    )
