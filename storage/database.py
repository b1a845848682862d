"""The database: own threads, one hop and one transaction per call, on SQLite or PostgreSQL."""

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from storage import fence
from storage.bell import Bell
from storage.pragmas import set_safely
from storage.prepared import Prepared
from storage.sessions import WATCHED, WATCHING

T = TypeVar("T")
Work = Callable[[Session], T]
"""What to do inside one transaction. It may be called again from the start, so it touches nothing but the session."""

_log = logging.getLogger(__name__)
_ATTEMPTS = 6
_THREADS = 8
_AGAIN = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: serialization failure, deadlock, lock not available. All are rolled back, so safe to repeat."""


class OutcomeUnknown(Exception):  # noqa: N818 - says what is the matter
    """The connection was lost during a commit: it may have happened or not. Read back before repeating."""


UNREACHABLE = (OperationalError, InterfaceError, OutcomeUnknown)
"""What is raised while the database cannot be reached; it may be back in a moment."""


class Database:
    """Runs functions in transactions: `await write(fn)` or `await read(fn)`."""

    def __init__(self, url: str, executor: Executor | None = None) -> None:
        """Prepare to connect to `sqlite:///path` or `postgresql+psycopg://...`; connects on first use.

        Transactions run in threads of its own, or wherever `executor` runs them.
        """
        self.url = sa.make_url(url)
        self.lite = self.url.get_backend_name() == "sqlite"
        self._writing = _sqlite(self.url, "BEGIN IMMEDIATE") if self.lite else _postgres(self.url)
        self._reading = _sqlite(self.url, "BEGIN") if self.lite else _one_moment(self._writing)
        # SQLite has one writer: one thread makes a queue of what would otherwise be a fight for its lock
        self._writers = executor or ThreadPoolExecutor(1 if self.lite else _THREADS, "estiva-write")
        shared = executor is not None or not self.lite
        self._readers = self._writers if shared else ThreadPoolExecutor(2, "estiva-read")
        self._prepared: dict[str, Prepared] = {}
        self.bell = Bell(self.url)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction that is committed on return. Raises `OutcomeUnknown`, `fence.Overtaken`."""
        claim = fence.held()
        fenced = work if claim is None else partial(_fenced, claim, work)
        return await asyncio.get_running_loop().run_in_executor(self._writers, self.write_here, fenced)

    async def read(self, work: Work[T]) -> T:
        """Run `work` in one transaction that sees one moment and changes nothing."""
        reading = partial(_transaction, self._reading, work, self.bell)
        return await asyncio.get_running_loop().run_in_executor(self._readers, _attempt, reading)

    async def note(self, work: Callable[[sa.Connection], T]) -> T:
        """Do what `write` does past the mapper, which costs more than the statements. `work` compares the claim."""
        writing = partial(_plainly, self._writing, work)
        return await asyncio.get_running_loop().run_in_executor(self._writers, _attempt, writing)

    async def look(self, work: Callable[[sa.Connection], T]) -> T:
        """Do what `read` does past the mapper."""
        reading = partial(_plainly, self._reading, work)
        return await asyncio.get_running_loop().run_in_executor(self._readers, _attempt, reading)

    async def insert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """Insert one row in a transaction of its own, with less work than `write`; always the same columns of a table.

        Raises `sqlalchemy.exc.IntegrityError` when it is there already, and `OutcomeUnknown`.
        """
        if self.lite and table.name not in self._prepared:
            self._prepared[table.name] = Prepared(self._writing, table, values.keys())
        prepared = self._prepared.get(table.name)
        inserting = partial(prepared.insert, values) if prepared else partial(_insert, self._writing, table, values)
        await asyncio.get_running_loop().run_in_executor(self._writers, _attempt, inserting)

    def write_here(self, work: Work[T]) -> T:
        """Do what `write` does in the thread that calls: for opening, and for tests."""
        return _attempt(partial(_transaction, self._writing, work, self.bell))

    async def close(self) -> None:
        """Wait for what is under way and close all connections."""
        with ThreadPoolExecutor(1, "estiva-close") as closing:
            await asyncio.get_running_loop().run_in_executor(closing, self.close_here)

    def close_here(self) -> None:
        """Do what `close` does in the thread that calls."""
        self._writers.shutdown()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


def _fenced(claim: fence.Claim, work: Work[T], session: Session) -> T:
    result = work(session)
    fence.check(session, claim)  # last, so that the order in which rows are locked is the work's own
    return result


def _attempt(transaction: Callable[[], T]) -> T:
    for attempt in range(1, _ATTEMPTS):
        try:
            return transaction()
        except DBAPIError as error:
            if not _repeatable(error):
                raise
            _log.warning("transaction repeated (%d of %d): %s", attempt, _ATTEMPTS, error.orig)
            time.sleep(random.uniform(0.5, 1) * 0.05 * 2**attempt)  # noqa: S311 - spreads the repeats
    return transaction()


def _transaction(engine: sa.Engine, work: Work[T], bell: Bell) -> T:
    with Session(engine, expire_on_commit=False, info={"bell": bell}) as session:
        result = work(session)
        try:
            _commit(session)
        finally:  # also when nobody knows whether it was committed
            if session.info.get("rings"):
                bell.sound()
    return result


def _plainly(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    with engine.connect() as connection:
        result = work(connection)
        _commit(connection)
    return result


def _insert(engine: sa.Engine, table: sa.Table, values: Mapping[str, Any]) -> None:
    with engine.connect() as connection:
        connection.execute(sa.insert(table), values)
        _commit(connection)


def _commit(open_transaction: Session | sa.Connection) -> None:
    try:
        open_transaction.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise OutcomeUnknown("the database connection was lost during a commit") from error
        raise


def _repeatable(error: DBAPIError) -> bool:
    """Tell errors after which nothing has happened and a repeat may succeed."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    if isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) is None:
        return True  # PostgreSQL could not be reached at all
    return getattr(error.orig, "sqlstate", None) in _AGAIN


def _postgres(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url,
        pool_size=_THREADS,
        max_overflow=0,
        isolation_level="READ COMMITTED",
        connect_args={**WATCHING, "application_name": "estiva", "options": f"-c timezone=UTC {WATCHED}"},
    )


def _one_moment(engine: sa.Engine) -> sa.Engine:
    """Give the same connections for reading: all statements of a transaction see the same moment, as on SQLite."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _sqlite(url: sa.URL, begin: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=2, max_overflow=0, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; see `start`
        set_safely(connection, url.database)

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
