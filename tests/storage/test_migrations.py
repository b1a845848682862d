"""A database that an older Estiva filled goes on with all that is in it."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlmodel import Session

from storage import schema
from storage.database import Database
from storage.model.run import Status
from storage.store import Store
from tests.storage.nouns import released

VERSION = sa.text("SELECT version_num FROM estiva_version")
PLAN = Path(__file__).parent / "plan-before-pipelines.json"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RUN = {
    "id": "ledger-1",
    "number": 1,
    "service": "ledger",
    "environment": "production",
    "trigger": "deploy",
    "plan": PLAN.read_text(),
    "request": "msg/T1/C1/1",
    "requester": "U0ANA0001",
    "channel": "C1",
    "opened_at": AT,
    "status": "running",
    "phase": "walking",
    "leg": 1,
    "cancel_requested": False,
    "sequence": 0,
}
TOLD = {**RUN, "id": "ledger-2", "number": 2, "request": "msg/T1/C1/2", "sequence": 3}
AGAIN = {
    **RUN,
    "id": "ledger-3",
    "number": 3,
    "request": "msg/T1/C1/3",
    "trigger": "retry",
    "plan": json.dumps({**json.loads(PLAN.read_text()), "trigger": "retry", "origin": "ledger-1"}),
}
CURSOR = {"reader": "slack", "run": "ledger-2", "seen": 2}
RELEASE = {
    **dict.fromkeys(("commit", "subject", "author", "image", "address"), "x"),
    "service": "ledger",
    "environment": "production",
    "run": "ledger-1",
    "digest": "sha256:old",
    "by": "U0ANA0001",
    "at": AT,
    "rollback": False,
}


def fill_as_the_first_estiva(session: Session) -> None:
    with as_file(files("storage") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection = session.connection()
        command.upgrade(config, "0001")
    rows = (("runs", RUN), ("runs", TOLD), ("runs", AGAIN), ("cursors", CURSOR), ("releases", RELEASE))
    for table, row in rows:
        columns = sa.table(table, *(sa.column(name) for name in row))
        connection.execute(sa.insert(columns).values(row))


async def test_what_the_first_estiva_kept_is_there_and_goes_on(url: str, tmp_path: Path) -> None:
    database = Database(url)
    await database.write(fill_as_the_first_estiva)
    await database.close()
    await goes_on(url, tmp_path)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from storage.store import Store

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    await (await Store.open(sys.argv[1], Path(sys.argv[2]))).close()

left = int(sys.argv[3])
asyncio.run(main())
"""
"""Opens the store, and dies before one of the statements that this takes."""


@pytest.mark.parametrize("step", [25, pytest.param(2, marks=[pytest.mark.sweep, pytest.mark.timeout(900)])])
async def test_a_start_that_is_killed_while_it_migrates_has_changed_nothing(
    url: str, step: int, tmp_path: Path
) -> None:
    database = Database(url)
    await database.write(fill_as_the_first_estiva)
    last, codes = 1, []
    while 0 not in codes:
        last += step
        opener = [sys.executable, "-c", KILLED, url, str(tmp_path), str(last)]
        codes.append((await asyncio.to_thread(subprocess.run, opener, check=False, timeout=100)).returncode)
        version = await database.read(lambda session: session.connection().execute(VERSION).scalar_one())
        assert version == (schema.HEAD if codes[-1] == 0 else "0001")
    assert {*codes} == {-signal.SIGKILL, 0}
    await database.close()
    await goes_on(url, tmp_path)


async def goes_on(url: str, folder: Path) -> None:
    """Open what the first Estiva left, and see that all of it is there and can be gone on with."""
    store = await Store.open(url, folder)
    try:
        run = await store.runs.get("ledger-1")
        assert (run.status, run.plan.pipeline) == (Status.RUNNING, "default")
        assert [each.digest for each in await store.releases.history("ledger", "production")] == ["sha256:old"]
        assert await store.runs.news() == ["ledger-2"]
        repeating = await store.runs.repeating(run)
        assert repeating is not None
        assert repeating.id == "ledger-3"
        again = released(run, "sha256:older", "production")
        assert not await store.releases.record(again)
        assert await store.releases.record(again, restored=True)
        assert not await store.releases.record(again, restored=True)
        assert [each.digest for each in await store.releases.history("ledger", "production")] == [
            "sha256:older",
            "sha256:old",
        ]
        assert (await store.runs.cursor("ledger-1"), await store.runs.cursor("ledger-2")) == (0, 2)
        assert (await store.journal.verify()).ok
    finally:
        await store.close()


def test_changes_only_add_so_that_old_processes_go_on() -> None:
    """docs/operations.md promises it from 0009 on; before it something was taken away now and then."""
    with as_file(files("storage") / "migrations" / "versions") as folder:
        newer = {path.name: path.read_text() for path in folder.glob("v*.py") if path.name >= "v0009"}
    assert len(newer) >= 3
    taking = re.compile(r"\b(?:drop|rename)_\w+|alter_column|DROP |RENAME ")
    assert {name: taking.findall(text) for name, text in newer.items() if taking.search(text)} == {}
