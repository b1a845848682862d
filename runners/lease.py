"""Which worker lives: on SQLite a locked file, on PostgreSQL a lock that the server holds while we are connected."""

import asyncio
import fcntl
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

_log = logging.getLogger(__name__)
_BEAT = 1.0


class EngineBusy(Exception):  # noqa: N818 - says what is the matter
    """Another process already runs the engine on the same SQLite files."""


class FileLease:
    """The only process on a data folder."""

    def __init__(self, data: Path) -> None:
        """Name the folder."""
        self._path = data / "engine.lock"
        self._descriptor: int | None = None

    async def take(self) -> None:
        """Lock the file; the kernel frees it when the process dies, however it dies. Raises `EngineBusy`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise EngineBusy(
                f"another Estiva (process {owner or 'unknown'}) already runs on {self._path.parent}: stop it first, "
                "give this one another data folder, or use PostgreSQL, where several may run"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    async def free(self) -> None:
        """Unlock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class SessionLease:
    """One of several workers on PostgreSQL: lives as long as its connection does."""

    def __init__(self, url: str, worker: str, lost: Callable[[], None]) -> None:
        """`url` as libpq knows it; `lost` is called once when the connection is gone, and with it the lease."""
        self._url, self._worker, self._lost = url, worker, lost
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._beat: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Connect and lock our own name."""
        self._connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            application_name=f"estiva {self._worker}",
        )
        if not await self._ask("select pg_try_advisory_lock(%s)", self._worker):
            raise EngineBusy(f"another Estiva calls itself {self._worker}")
        self._beat = asyncio.create_task(self._watch(), name="lease")

    async def free(self) -> None:
        """Disconnect; the server frees the lock."""
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.wait({self._beat})
            self._beat = None
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @asynccontextmanager
    async def of_the_dead(self, worker: str) -> AsyncIterator[bool]:
        """Hold another worker's lease during the block: true when that worker is dead."""
        dead = await self._ask("select pg_try_advisory_lock(%s)", worker)
        try:
            yield dead
        finally:
            if dead:
                await self._ask("select pg_advisory_unlock(%s)", worker)

    async def _ask(self, question: str, worker: str) -> bool:
        if self._connection is None:
            raise RuntimeError("the lease was not taken")
        async with self._turn:
            cursor = await self._connection.execute(question.encode(), (lease_key(worker),))
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            try:
                async with asyncio.timeout(10):
                    await self._ask("select %s is not null", self._worker)
            except (psycopg.Error, TimeoutError, OSError):
                _log.critical("the database connection that proves this worker alive is lost", exc_info=True)
                self._lost()
                return


def lease_key(worker: str) -> int:
    """Derive the number that PostgreSQL locks for a worker."""
    return int.from_bytes(hashlib.sha256(f"estiva worker {worker}".encode()).digest()[:8], signed=True)
