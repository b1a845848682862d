"""Which worker lives: on SQLite a locked file, on PostgreSQL a lock that the server holds while we are connected."""

import asyncio
import fcntl
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from storage.sessions import FROZEN_SECONDS, WATCHED, WATCHING

_log = logging.getLogger(__name__)
_BEAT = 1.0
_PATIENCE = 5.0
_WATCHED = f"{WATCHED} -c idle_session_timeout={FROZEN_SECONDS}s"
"""What the server is to do with our connection: end it when the process is frozen, or its machine gone."""
_FIRST_WITH_TIMEOUT = 14
_LIVING = (
    "select application_name from pg_stat_activity "
    "where datname = current_database() and application_name ^@ 'estiva ' order by 1"
)


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
    """One of several processes on PostgreSQL: lives as long as its connection does.

    Dead, frozen and cut off look the same from outside, so the server decides, by its own clock: it frees the lock when
    the connection ends, or when nothing was heard on it for 10 s. We ask every second and let go by ourselves after 5 s
    without an answer, so that nobody takes over while we still work; a process that was frozen meanwhile learns of it
    with its next question.
    """

    def __init__(self, url: str, name: str, lost: Callable[[], None]) -> None:
        """`url` is the store's; `lost` is called once when the connection is gone, and with it the lease."""
        self.name = name
        self._url = _plain(url)
        self._lost: Callable[[], None] | None = lost
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._beat: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Connect and lock our own name. Raises `EngineBusy`, and `psycopg.Error` when there is no server."""
        self._connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            **WATCHING,
            tcp_user_timeout=int(_PATIENCE * 1000),
            application_name=f"estiva {self.name}",
            options=_WATCHED,
        )
        if not await self.hold(self.name):
            await self._connection.close()
            raise EngineBusy(f"another Estiva calls itself {self.name}")
        self._beat = asyncio.create_task(self._watch(), name="lease")

    async def free(self) -> None:
        """Disconnect; the server frees the locks."""
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.wait({self._beat})
            self._beat = None
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def prove(self) -> None:
        """Ask whether the lease is still ours; when it is not, `lost` has been called on return."""
        try:
            await self._ask("select %s is not null", self.name)
        except (psycopg.Error, TimeoutError, OSError) as problem:
            if self._lost is not None:
                _log.critical("the database connection that proves %s alive is lost: %s", self.name, problem)
                lost, self._lost = self._lost, None
                lost()

    async def hold(self, name: str) -> bool:
        """Lock a further name until the connection ends. False while somebody else has it."""
        return await self._ask("select pg_try_advisory_lock(%s)", name)

    @asynccontextmanager
    async def of_the_dead(self, name: str) -> AsyncIterator[bool]:
        """Hold another's lease during the block: true when that one is dead."""
        dead = await self.hold(name)
        try:
            yield dead
        finally:
            if dead:
                await self._ask("select pg_advisory_unlock(%s)", name)

    async def _ask(self, question: str, name: str) -> bool:
        """Ask the server. Raises `TimeoutError` when it does not answer in time."""
        asking = asyncio.ensure_future(self._asked(question, name))
        try:
            # not asyncio.timeout: a question that is cancelled waits for the server to take note of it
            await asyncio.wait({asking}, timeout=_PATIENCE)
            if not asking.done():
                raise TimeoutError(f"no answer from the database for {_PATIENCE:g} s")
            return asking.result()
        finally:
            asking.cancel()

    async def _asked(self, question: str, name: str) -> bool:
        if self._connection is None:
            raise RuntimeError("the lease was not taken")
        async with self._turn:
            cursor = await self._connection.execute(question.encode(), (lease_key(name),))
            row = await cursor.fetchone()
        return bool(row and row[0])

    async def _watch(self) -> None:
        while self._lost is not None:
            await asyncio.sleep(_BEAT)
            await self.prove()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL, as far as leases are concerned."""

    version: int
    living: tuple[str, ...]
    """Names of the processes that hold a lease on it."""

    @property
    def ends_frozen_sessions(self) -> bool:
        """Whether it notices that a process is frozen."""
        return self.version >= _FIRST_WITH_TIMEOUT


async def look(url: str) -> Server:
    """Ask a PostgreSQL who lives there. Raises `psycopg.Error`."""
    connection = await psycopg.AsyncConnection.connect(_plain(url), autocommit=True, connect_timeout=5)
    async with connection:
        rows = await (await connection.execute(_LIVING)).fetchall()
        names = tuple(str(name).removeprefix("estiva ") for (name,) in rows)
        return Server(version=connection.info.server_version // 10_000, living=names)


def _plain(url: str) -> str:
    """Say the store's URL as libpq knows it: without the name of the driver."""
    return f"postgresql://{url.partition('://')[2]}"


def lease_key(name: str) -> int:
    """Derive the number that PostgreSQL locks for a name."""
    return int.from_bytes(hashlib.sha256(f"estiva worker {name}".encode()).digest()[:8], signed=True)
