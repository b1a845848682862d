"""Something that is done now and then beside the rounds of the sweep: it may take its time, and no run waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Chore:
    """One kind of work, never under way twice."""

    name: str
    work: Callable[[], Awaitable[object]]
    every: float
    """Seconds between two beginnings."""
    first: float = 0.0
    """Seconds until the first one."""
    _due: float | None = None
    _task: "asyncio.Task[Any] | None" = field(default=None, repr=False)

    def begin(self, guarded: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Begin it if it is time; `guarded` is the work, as the sweep calls its parts."""
        now = asyncio.get_running_loop().time()
        if self._due is None:
            self._due = now + self.first
        if now >= self._due and (self._task is None or self._task.done()):
            self._due = now + self.every
            self._task = asyncio.create_task(guarded(), name=self.name)

    async def stop(self) -> None:
        """Interrupt it if it is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
