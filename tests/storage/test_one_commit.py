"""What is done and the audit trail's line on it are one commit: where the line cannot be written, nothing is done."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from storage.model.gate import GateKind
from storage.model.hold import HoldKind
from storage.model.run import Status
from storage.preferences import Preference
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import PRODUCTION, asked, planned, released, walking

Act = Callable[[Store, Clock], Awaitable[object]]
ANA, RUI = "U0ANA0001", "U0RUI0002"
HASH = "a" * 64
GATE = "hello-1/approve-production"
FULL = {
    "sqlite": "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the journal is full'); END",
    "postgresql": """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the journal is full'; END $$;
        CREATE TRIGGER "full" BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION refuse()
    """,
}


async def nothing(_store: Store, _clock: Clock) -> None:
    pass


async def a_question(store: Store, clock: Clock) -> None:
    until = clock.now + timedelta(hours=24)
    await store.approvals.ask("hello-1", "approve-production", "production", HASH, 1, until)


async def a_pause(store: Store, _clock: Clock) -> None:
    await store.gates.wait("hello-1", "test", GateKind.PAUSE)


async def a_lock(store: Store, _clock: Clock) -> None:
    await store.holds.take(HoldKind.LOCK, "hello", "homolog", RUI, "a demonstration")


async def a_place(store: Store, _clock: Clock) -> None:
    await store.locks.enter("hello-1", "hello", "homolog")


async def a_queue(store: Store, clock: Clock) -> None:
    await a_place(store, clock)
    for number in (2, 3):
        await walking(store, number)
        await store.locks.enter(f"hello-{number}", "hello", "homolog")


async def a_release(store: Store, _clock: Clock) -> None:
    await store.releases.record(released(await store.runs.get("hello-1"), "sha256:" + "1" * 64))


ACTS: dict[str, tuple[Act, Act]] = {
    "a run is opened": (nothing, lambda store, _: store.runs.open(asked(2), planned())),
    "a run is cancelled": (nothing, lambda store, _: store.runs.request_cancel("hello-1", ANA)),
    "a run ends": (nothing, lambda store, _: store.runs.finish("hello-1", Status.FAILED, "it broke")),
    "people are asked": (nothing, a_question),
    "somebody says yes": (a_question, lambda store, _: store.approvals.approve(GATE, RUI, HASH)),
    "somebody says no": (a_question, lambda store, _: store.approvals.reject(GATE, RUI, "not today")),
    "the glass is broken": (a_question, lambda store, _: store.approvals.break_glass(GATE, ANA, "it burns")),
    "a question expires": (
        a_question,
        lambda store, clock: store.approvals.expire(clock.now + timedelta(hours=25)),
    ),
    "a run waits": (nothing, a_pause),
    "a run is resumed": (a_pause, lambda store, _: store.gates.open("hello-1", "test", GateKind.PAUSE, ANA)),
    "a run is paused": (nothing, lambda store, _: store.gates.pause("hello-1", ANA)),
    "somebody locks": (nothing, a_lock),
    "somebody unlocks": (a_lock, lambda store, _: store.holds.release(1, RUI)),
    "a run gets its turn": (nothing, a_place),
    "a run lets others move up": (a_queue, lambda store, _: store.locks.leave("hello-1", "homolog")),
    "a release is recorded": (nothing, a_release),
    "a language is chosen": (
        nothing,
        lambda store, _: store.preferences.put(ANA, Preference(language="pt_BR"), by=ANA),
    ),
}


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """The database from outside."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@contextmanager
def no_room(engine: sa.Engine) -> Iterator[None]:
    """Let the database take no line of the journal."""
    with engine.connect() as connection:
        connection.execute(sa.text(FULL[engine.dialect.name]))
        yield
        on = "" if engine.dialect.name == "sqlite" else " ON journal"
        connection.execute(sa.text(f'DROP TRIGGER "full"{on}'))


def everything(engine: sa.Engine) -> dict[str, list[str]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            name: sorted(str(row) for row in connection.execute(sa.select(table)))
            for name, table in SQLModel.metadata.tables.items()
        }


@pytest.mark.parametrize("name", ACTS)
async def test_nothing_is_done_that_the_audit_trail_does_not_say(
    name: str, store: Store, clock: Clock, engine: sa.Engine
) -> None:
    prepare, act = ACTS[name]
    await walking(store, 1, environment=PRODUCTION)
    await prepare(store, clock)
    before = everything(engine)
    with no_room(engine), pytest.raises(DBAPIError, match="the journal is full"):
        await act(store, clock)
    assert everything(engine) == before
    assert before["journal"]
    await act(store, clock)
    after = everything(engine)
    assert {"journal"} < {table for table in after if after[table] != before[table]}, "it was no act at all"
