"""What runs that are over have left behind: found by label in every place that has a `Cleaner`, and removed.

Only what belongs to a run that the store knows, and that is over, is an orphan. What belongs to a run that is not in
the store is another installation's, or older than a restored backup: it is never touched. A release's container stays
as long as its release took effect; how many of those are kept is the service's `keep`.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from runners.contract import Away, Cleaner, Leftover
from runners.crash import crash_here
from storage.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """Something that should go, and why."""

    leftover: Leftover
    why: str
    cleaner: Cleaner


def _nobody() -> Collection[str]:
    return ()


@dataclass(slots=True)
class Orphans:
    """Finds and removes them."""

    store: Store
    cleaners: Sequence[Cleaner]
    busy: Callable[[], Collection[str]] = _nobody
    """Runs with actions under way in this process: those still clean up themselves."""
    away: dict[str, str] = field(default_factory=dict)
    """Cleaner that did not answer last time -> what it said."""
    _immovable: set[str] = field(default_factory=set)
    """What may not be removed: tried once in the life of this process."""
    _told: set[str] = field(default_factory=set)
    """What could not be removed, and was told: tried again each time."""

    async def found(self) -> list[Orphan]:
        """List all orphans; a place that does not answer is noted in `away` and left out."""
        return [orphan for cleaner in self.cleaners for orphan in await self._of(cleaner)]

    async def clear(self) -> list[Orphan]:
        """Remove all orphans; gives those that went."""
        return [orphan for orphan in await self.found() if await self._cleared(orphan)]

    async def _of(self, cleaner: Cleaner) -> list[Orphan]:
        name = type(cleaner).__name__
        try:
            leftovers = await cleaner.leftovers()
        except (Away, OSError) as problem:
            if name not in self.away:
                _log.warning("what ended runs left cannot be looked for: %s", problem)
            self.away[name] = str(problem)
            return []
        self.away.pop(name, None)
        ended = await self.store.runs.ended({each.run for each in leftovers})
        busy = self.busy()
        return [
            Orphan(leftover=each, why=f"{each.run} is over ({ended[each.run]})", cleaner=cleaner)
            for each in leftovers
            if each.run in ended and each.run not in busy and not await self._stays(each)
        ]

    async def _stays(self, leftover: Leftover) -> bool:
        if not leftover.release:
            return False
        return await self.store.releases.took_effect(leftover.run, leftover.release)

    async def _cleared(self, orphan: Orphan) -> bool:
        leftover = orphan.leftover
        if leftover.id in self._immovable:
            return False
        crash_here("clean.before")
        try:
            gone = await orphan.cleaner.remove(leftover)
        except Away:
            return False  # the next look says so
        except PermissionError as problem:
            self._immovable.add(leftover.id)
            _log.error("%s: remove it by hand (its build wrote it as another user)", problem)
            return False
        except OSError as problem:  # what the engine says no to is one of these as well
            if leftover.id not in self._told:
                _log.warning("%s stays for now, and is tried again: %s", leftover.name, problem)
            self._told.add(leftover.id)
            return False
        crash_here("clean.after")
        if gone:
            _log.info("removed the %s %s: %s", leftover.kind, leftover.name, orphan.why)
        return gone
