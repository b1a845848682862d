"""One loop for whatever follows the store: look, start what is new, rest until woken or until the pause is over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

PAUSE = 1.0


class Rounds:
    """Looks again and again, and keeps the tasks that a look starts. `run` goes on until cancelled."""

    def __init__(self, look: Callable[[], Awaitable[None]], *, trouble: str, pause: float = PAUSE) -> None:
        """`look` may raise: it is logged as `trouble`, and it is looked again after `pause` seconds."""
        self._look = look
        self._trouble = trouble
        self._pause = pause
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        """Count the tasks under way."""
        return len(self._tasks)

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside the looking; it ends with `run` at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def run(self) -> None:
        """Look until cancelled; then no task is left behind."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._look()
                except Exception:
                    log.exception("%s; it is tried again in %g s", self._trouble, self._pause)
                await self._rest()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _rest(self) -> None:
        try:
            # not wait_for: before Python 3.12 it can swallow a cancellation that comes together with the event
            async with asyncio.timeout(self._pause):
                await self._wake.wait()
        except TimeoutError:
            return
