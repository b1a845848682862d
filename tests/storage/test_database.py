"""The database is set up safely, by many at once, and mended connections go unnoticed."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import Session, SQLModel

from storage import schema
from storage.database import Database
from storage.store import Store
from storage.tenures import Superseded, hold
from tests.storage.nouns import asked


async def test_sqlite_keeps_what_it_has_committed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/e.db")
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    def settings(session: Session) -> list[object]:
        return [session.connection().exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await database.write(settings) == ["wal", 2, 1, 30_000]
    assert await database.read(settings) == ["wal", 2, 1, 30_000]
    await database.close()


async def test_the_migrations_make_the_tables_that_the_code_expects(store: Store) -> None:
    def differences(session: Session) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(session.connection()), SQLModel.metadata))

    found = await store.database.read(differences)
    assert [each for each in found if "estiva_version" not in str(each)] == []


def test_the_newest_migration_is_known() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


OPENER = """
import asyncio, sys
from pathlib import Path
from storage.store import Store
async def main():
    await (await Store.open(sys.argv[1], Path(sys.argv[2]))).close()
asyncio.run(main())
"""


def test_four_processes_open_an_empty_database_at_once(url: str, tmp_path: Path) -> None:
    openers = [subprocess.Popen([sys.executable, "-c", OPENER, url, str(tmp_path)]) for _ in range(4)]
    assert [opener.wait(100) for opener in openers] == [0] * 4


async def test_a_database_of_a_newer_estiva_is_refused(url: str, tmp_path: Path) -> None:
    store = await Store.open(url, tmp_path)
    newer = sa.text("UPDATE estiva_version SET version_num = '9999'")
    await store.database.write(lambda session: session.connection().execute(newer).close())
    await store.close()
    with pytest.raises(schema.Newer, match=r"version 9999, this Estiva knows up to"):
        await Store.open(url, tmp_path)


async def test_a_failing_transaction_changes_nothing(store: Store) -> None:
    def work(session: Session) -> None:
        session.connection().execute(sa.text("INSERT INTO posts VALUES ('k', 'c', 't', 'd')"))
        raise LookupError

    with pytest.raises(LookupError):
        await store.database.write(work)
    assert await store.posts.get("k") is None


async def test_lost_connections_are_opened_again(url: str, tmp_path: Path) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has no connections to lose")
    store = await Store.open(url, tmp_path)
    await asyncio.gather(*(store.requests.accept(asked(number)) for number in range(20)))
    killer = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with killer.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'estiva'"
        assert connection.execute(sa.text(others)).fetchall()
    killer.dispose()
    assert await store.requests.accept(asked(99))
    assert len(await store.requests.unanswered()) == 21
    await store.close()


@asynccontextmanager
async def _opened(url: str, folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(url, folder)
    try:
        yield store
    finally:
        await store.close()


async def test_a_process_that_freezes_in_a_transaction_holds_nobody_up_for_long(url: str, tmp_path: Path) -> None:
    if url.startswith("sqlite"):
        pytest.skip("on SQLite there is one process")
    async with _opened(url, tmp_path) as frozen, _opened(url, tmp_path) as other:
        first = await frozen.tenures.begin("slack", "a")
        locked, woken = threading.Event(), threading.Event()

        def freeze(session: Session) -> None:
            hold(session, first)
            locked.set()
            assert woken.wait(60)
            session.connection().execute(sa.text("INSERT INTO posts VALUES ('k', 'c', 't', 'd')"))

        freezing = asyncio.create_task(frozen.database.write(freeze))
        try:
            assert await asyncio.to_thread(locked.wait, 10)
            async with asyncio.timeout(30):
                await other.tenures.begin("slack", "b")
        finally:
            woken.set()
        with pytest.raises(Superseded):
            await freezing
        assert await other.posts.get("k") is None


async def test_another_process_holding_the_write_lock_is_waited_for(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/e.db", tmp_path)
    other = sqlite3.connect(tmp_path / "e.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    accepted = asyncio.create_task(store.requests.accept(asked(1)))
    assert not (await asyncio.wait([accepted], timeout=0.3))[0]
    assert await store.requests.unanswered() == [], "readers do not wait"
    other.execute("COMMIT")
    other.close()
    assert await accepted
    await store.close()


async def test_the_loop_goes_on_while_the_database_works(store: Store) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    sleep = "SELECT pg_sleep(0.3)"
    busy = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT max(i) FROM n"
    slow = sa.text(busy if store.database.lite else sleep)
    await store.database.write(lambda session: session.connection().execute(slow).close())
    ticking.cancel()
    assert ticks >= 10
