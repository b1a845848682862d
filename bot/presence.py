"""Who this process is among several, and when it is its turn to speak.

Any of several processes takes requests in; one of them at a time reads the journal to people. Which one is decided by
a lock that the PostgreSQL server holds while the process lives (`runners.lease`); that a former one says nothing more
is decided by the number of its turn (`storage.tenures`).
"""

import asyncio
import logging
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

import psycopg

from runners.lease import SessionLease
from storage.store import Store
from storage.tenures import Tenure

log = logging.getLogger(__name__)

Speak = Callable[[Tenure], Awaitable[None]]
"""What to do while it is our turn; cancelled when the turn ends."""
_AGAIN = 1.0


class Presence(Protocol):
    """One process. Order of calls: `open`, `run` until cancelled, `close`."""

    @property
    def name(self) -> str:
        """Our name: no living process has the same."""

    @property
    def speaker(self) -> str:
        """Whose turn it is, as far as known here."""

    async def open(self) -> None:
        """Begin to count as alive."""

    async def run(self, reader: str, speak: Speak) -> None:
        """Do `speak` whenever it is our turn, until cancelled."""

    def of_the_dead(self, name: str | None) -> AbstractAsyncContextManager[bool]:
        """Tell whether a process is dead, and keep others from taking over from it at the same time."""

    async def close(self) -> None:
        """Let go, so that another takes over at once."""


class Alone:
    """The only process on its data: the engine's locked file sees to that."""

    name = "bot"

    def __init__(self, store: Store) -> None:
        """Count turns in the store all the same."""
        self._store = store

    @property
    def speaker(self) -> str:
        """It is always our turn."""
        return self.name

    async def open(self) -> None:
        """Do nothing."""

    async def run(self, reader: str, speak: Speak) -> None:
        """Speak, as soon as the store can be written to."""
        while True:
            try:
                tenure = await self._store.tenures.begin(reader, self.name)
            except Exception as problem:  # noqa: BLE001 - whatever it is, there is nothing to do but to try again
                log.error("the store cannot be written to, tried again: %s", problem)  # noqa: TRY400
                await asyncio.sleep(_AGAIN)
            else:
                await speak(tenure)
                return

    @asynccontextmanager
    async def of_the_dead(self, name: str | None) -> AsyncIterator[bool]:  # noqa: ARG002 - all others are
        """Everybody else is dead."""
        yield True

    async def close(self) -> None:
        """Do nothing."""


class OneOfSeveral:
    """A process beside others on one PostgreSQL."""

    def __init__(self, store: Store, url: str) -> None:
        """`url` is the store's."""
        self._store, self._url = store, url
        self._lost = asyncio.Event()
        self._lease: SessionLease | None = None
        self.name = _new_name()
        self.speaker = ""

    async def open(self) -> None:
        """Take our lease. Waits while the database cannot be reached."""
        while True:
            self._lost.clear()
            self._lease = SessionLease(self._url, self.name, self._lost.set)
            try:
                await self._lease.take()
            except (psycopg.Error, OSError) as problem:
                log.error("the database does not answer, tried again: %s", problem)  # noqa: TRY400
                await asyncio.sleep(_AGAIN)
            else:
                return

    async def run(self, reader: str, speak: Speak) -> None:
        """Speak when it is our turn; begin anew under another name when our lease was lost."""
        while True:
            await self._live(reader, speak)
            await self.close()
            self.name = _new_name()
            await self.open()

    @asynccontextmanager
    async def of_the_dead(self, name: str | None) -> AsyncIterator[bool]:
        """Hold its lease during the block, if it is dead. Nobody's is free to take."""
        if self._lease is None:
            yield False
            return
        async with self._lease.of_the_dead(name or "nobody") as dead:
            yield dead

    async def close(self) -> None:
        """Give the lease back."""
        if self._lease is not None:
            await self._lease.free()
            self._lease = None

    async def _live(self, reader: str, speak: Speak) -> None:
        """Stand by, then speak, until the lease is lost."""
        while not self._lost.is_set():
            tenure = await self._turn(reader)
            if tenure is not None:
                log.warning("this process, %s, speaks in Slack now (turn %d)", self.name, tenure.number)
                await _until(self._lost, speak(tenure))
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN):
                    await self._lost.wait()

    async def _turn(self, reader: str) -> Tenure | None:
        """Begin our turn, when nobody has it."""
        try:
            if self._lease is not None and await self._lease.hold(f"reader {reader}"):
                tenure = await self._store.tenures.begin(reader, self.name)
                self.speaker = self.name
                return tenure
            self.speaker = await self._store.tenures.holder(reader)
        except Exception as problem:  # noqa: BLE001 - whatever the database says; the lease is watched elsewhere
            log.warning("whose turn it is to speak could not be read, tried again: %s", problem)
        return None


def _new_name() -> str:
    return f"web {socket.gethostname()}-{uuid.uuid4()}"


async def _until(over: asyncio.Event, work: Awaitable[None]) -> None:
    """Do the work until it is over, or raises."""
    doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(over.wait())
    try:
        await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
    finally:
        ending.cancel()
        doing.cancel()
        await asyncio.wait({doing})
