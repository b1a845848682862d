"""The stream of what happens, as each person may see it: numbered, resumable."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection

from bot.workspace.wire import Json

_KEPT = 5000


class Stream:
    """Everything that happens, in order; whoever listens resumes after the last number seen."""

    def __init__(self) -> None:
        self.last = 0
        self.ended = False
        self._kept: deque[tuple[Collection[str] | None, Json]] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()

    def publish(self, event: Json, audience: Collection[str] | None = None) -> None:
        """Add an event that only `audience` (person ids) may see; None: everybody."""
        self.last += 1
        self._kept.append((audience, {**event, "id": self.last}))
        self._wake()

    def end(self) -> None:
        """Let everybody who listens go: the workspace stops."""
        self.ended = True
        self._wake()

    def after(self, person: str, number: int) -> list[Json]:
        """Return what `person` may see after event `number`; one `reload` when that is no longer known."""
        oldest = self._kept[0][1]["id"] if self._kept else self.last + 1
        if number > self.last or number < oldest - 1:
            return [{"type": "reload", "id": self.last}]
        fresh = [entry for entry in self._kept if entry[1]["id"] > number]
        return [event for audience, event in fresh if audience is None or person in audience]

    async def wait(self, seconds: float) -> None:
        """Return at the next event, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def listen(self, person: str, after: int | None = None) -> AsyncIterator[Json]:
        """Yield events for `person`, for ever, beginning after event `after` (default: from now on)."""
        number = self.last if after is None else after
        while not self.ended:
            seen = self.last
            for event in self.after(person, number):
                yield event
            number = seen
            if self.last == seen:
                await self.wait(3600)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
