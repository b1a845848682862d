"""The journal keeps what was written, once, and shows when somebody changed it."""

import asyncio
import csv
import io
import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage.chain import seal
from storage.codec import Unreadable
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.store import Store
from tests.storage.nouns import HOMOLOG, PRODUCTION, asked, planned


def fact(run: str | None, number: int = 1, **more: Any) -> Fact:
    return Fact(kind=Kind.STAGE_STARTED, actor="estiva", run=run, data={"stage": f"s{number}", **more})


@pytest.fixture
async def filled(store: Store) -> Store:
    """Forty events in three chains."""
    await store.runs.open(asked(1), planned(environment=HOMOLOG))
    await store.runs.open(asked(2), planned(environment=PRODUCTION))
    for number in range(19):
        await store.journal.append(fact("hello-1", number), fact("hello-2", number))
    await store.journal.append(fact(None, 1), fact(None, 2))
    return store


def sql(store: Store, text: str, **values: Any) -> int:
    def work(session: Any) -> int:
        return int(session.connection().execute(sa.text(text), values).rowcount)

    return store.database.write_here(work)


def unseal(store: Store) -> None:
    """Do what the owner of the database can: take the triggers away."""
    if store.database.lite:
        for name in ("update", "delete", "replace"):
            sql(store, f"DROP TRIGGER journal_no_{name}")
    else:
        sql(store, "ALTER TABLE journal DISABLE TRIGGER USER")


async def test_events_have_their_places(filled: Store) -> None:
    first = await filled.journal.of_run("hello-1")
    assert [event.sequence for event in first] == list(range(1, 21))
    assert [event.position for event in first] == list(range(1, 21))
    assert {event.chain for event in first} == {"homolog"}
    assert {event.chain for event in await filled.journal.of_run("hello-2")} == {"production"}
    loose = [event for event in await filled.journal.page() if event.run is None]
    assert [(event.chain, event.position, event.sequence) for event in loose] == [("-", 1, 0), ("-", 2, 0)]


async def test_pages_join_up(filled: Store) -> None:
    everything = await filled.journal.page(limit=1000)
    paged, cursor = [], 0
    while page := await filled.journal.page(cursor, limit=7):
        paged += page
        cursor = page[-1].id
    assert paged == everything
    assert len(everything) == 42


@pytest.mark.parametrize("run", ["hello-1", None])
async def test_a_replayed_fact_is_written_once(store: Store, run: str | None) -> None:
    await store.runs.open(asked(1), planned())
    once = Fact(kind=Kind.STAGE_STARTED, actor="estiva", run=run, key="build", data={"stage": "build"})
    events = [await store.journal.append(once) for _ in range(2)]
    events += await asyncio.gather(*(store.journal.append(once, once) for _ in range(6)))
    assert len({event.id for batch in events for event in batch}) == 1


async def test_writers_at_once_leave_no_gap(store: Store) -> None:
    for number in range(4):
        await store.runs.open(asked(number), planned(environment=(HOMOLOG, PRODUCTION)[number % 2]))
    await asyncio.gather(*(store.journal.append(fact(f"hello-{n % 4 + 1}"), fact(None)) for n in range(40)))
    verdict = await store.journal.verify(await store.journal.heads())
    assert (verdict.ok, verdict.rows) == (True, 84)
    assert [event.sequence for event in await store.journal.of_run("hello-3")] == list(range(1, 12))


async def test_a_fact_of_an_unknown_run_is_an_error(store: Store) -> None:
    with pytest.raises(KeyError, match="nobody-1"):
        await store.journal.append(fact("nobody-1"))


async def test_secrets_and_odd_characters_are_masked_all_the_way_down(store: Store) -> None:
    deep: Json = {"a": ["correct-horse-battery", {"correct-horse-battery": "\0x\ud800"}], "n": [1, 1.5, True, None]}
    (event,) = await store.journal.append(Fact(kind=Kind.CATALOG_CHANGED, actor="estiva", data={"deep": deep}))
    assert event.data == {"deep": {"a": ["***", {"***": "\ufffdx\ufffd"}], "n": [1, 1.5, True, None]}}
    assert (await store.journal.page()) == [event]
    assert (await store.journal.verify()).ok


COLUMNS = "chain, position, run, sequence"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET actor = 'U0EVA' WHERE id = 3",
        "UPDATE journal SET actor = actor",
        "DELETE FROM journal WHERE id = 3",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "TRUNCATE journal CASCADE",
        "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE id = 3",
        f"REPLACE INTO journal SELECT 900, {COLUMNS}, 'k', kind, 'U0EVA', at, data, previous, hash FROM journal",
    ],
)
async def test_the_database_refuses_to_change_the_journal(filled: Store, statement: str) -> None:
    before = await filled.journal.page(limit=1000)
    with pytest.raises(DBAPIError) as refused:
        sql(filled, statement)
    foreign = ("TRUNCATE" in statement) is filled.database.lite or ("REPLACE" in statement) is not filled.database.lite
    assert "append-only" in str(refused.value) or foreign
    assert await filled.journal.page(limit=1000) == before


TAMPERING: dict[str, Callable[[Store, int], object]] = {
    "actor": lambda store, row: sql(store, "UPDATE journal SET actor = 'U0EVA' WHERE id = :id", id=row),
    "kind": lambda store, row: sql(store, "UPDATE journal SET kind = 'released' WHERE id = :id", id=row),
    "time": lambda store, row: sql(store, "UPDATE journal SET at = '2020-01-01 00:00:00' WHERE id = :id", id=row),
    "data": lambda store, row: sql(store, "UPDATE journal SET data = '{}' WHERE id = :id", id=row),
    "run": lambda store, row: sql(store, "UPDATE journal SET run = 'other-1' WHERE id = :id", id=row),
    "sequence": lambda store, row: sql(store, "UPDATE journal SET sequence = 99 WHERE id = :id", id=row),
    "key": lambda store, row: sql(store, "UPDATE journal SET key = 'another' WHERE id = :id", id=row),
    "hash": lambda store, row: sql(store, "UPDATE journal SET hash = 'abc' WHERE id = :id", id=row),
    "previous": lambda store, row: sql(store, "UPDATE journal SET previous = 'abc' WHERE id = :id", id=row),
    "chain": lambda store, row: sql(store, "UPDATE journal SET chain = 'zzz' WHERE id = :id", id=row),
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_an_edited_row_is_named(filled: Store, what: str) -> None:
    rows = [event.id for event in await filled.journal.page(limit=1000) if event.chain == "homolog"]
    row = random.choice(rows[:-1])
    unseal(filled)
    TAMPERING[what](filled, row)
    verdict = await filled.journal.verify()
    assert not verdict.ok
    # a row that left its chain is missed where it was: the row after it is named
    assert verdict.first_bad == (rows[rows.index(row) + 1] if what == "chain" else row), verdict.why


async def test_what_only_a_newer_estiva_knows_is_unreadable_and_says_where(filled: Store) -> None:
    unseal(filled)
    sql(filled, "UPDATE journal SET kind = 'tomorrow' WHERE run = 'hello-1' AND sequence = 3")
    with pytest.raises(Unreadable, match="event 3 of hello-1 is of a kind that is not known here: tomorrow"):
        await filled.journal.of_run("hello-1")


async def test_a_deleted_row_is_missed(filled: Store) -> None:
    rows = [event.id for event in await filled.journal.of_run("hello-1")]
    unseal(filled)
    for gone in (0, 7):
        sql(filled, "DELETE FROM journal WHERE id = :id", id=rows[gone])
        verdict = await filled.journal.verify()
        assert (verdict.ok, verdict.first_bad) == (False, rows[1])


async def test_swapped_rows_are_named(filled: Store) -> None:
    unseal(filled)
    first, second = [event.id for event in await filled.journal.of_run("hello-2")][4:6]
    for row, position in ((first, 1000), (second, 5), (first, 6)):
        sql(filled, "UPDATE journal SET position = :position WHERE id = :id", position=position, id=row)
    verdict = await filled.journal.verify()
    assert (verdict.ok, verdict.first_bad) == (False, second)


async def test_a_cut_end_is_noticed_by_the_head_and_by_an_anchor(filled: Store) -> None:
    anchors = await filled.journal.heads()
    assert (await filled.journal.verify(anchors)).ok
    unseal(filled)
    tail = (await filled.journal.of_run("hello-1"))[-3:]
    for event in tail:
        sql(filled, "DELETE FROM journal WHERE id = :id", id=event.id)
    assert "cut" in (await filled.journal.verify()).why
    sql(
        filled,
        "UPDATE chains SET position = :position, hash = :hash WHERE name = 'homolog'",
        position=tail[0].position - 1,
        hash=tail[0].previous,
    )
    assert (await filled.journal.verify()).ok, "whoever cuts the head as well is found only from outside"
    verdict = await filled.journal.verify(anchors)
    assert (verdict.ok, verdict.first_bad) == (False, None)
    assert "noted outside" in verdict.why


async def test_a_row_that_is_written_anew_breaks_the_link_to_the_next(filled: Store) -> None:
    """Whoever knows how rows are sealed still has to write every later one anew: its own seal holds the link."""
    forged, following = (await filled.journal.of_run("hello-1"))[5:7]
    columns: dict[str, Any] = {**(await filled.journal.export(cursor=forged.id - 1, limit=1))[0], "actor": "U0EVE0003"}
    columns["at"], columns["data"] = datetime.fromisoformat(str(columns["at"])), json.loads(str(columns["data"]))
    unseal(filled)
    new = {"actor": "U0EVE0003", "hash": seal(columns)}
    sql(filled, "UPDATE journal SET actor = :actor, hash = :hash WHERE id = :id", id=forged.id, **new)
    verdict = await filled.journal.verify()
    assert (verdict.ok, verdict.first_bad) == (False, following.id), "the next row does not continue it"
    sql(filled, "UPDATE journal SET previous = :hash WHERE id = :id", id=following.id, hash=new["hash"])
    verdict = await filled.journal.verify()
    assert (verdict.ok, verdict.first_bad) == (False, following.id), "and cannot be made to without a new seal"


async def test_a_chain_written_anew_is_noticed_by_an_anchor(filled: Store) -> None:
    event = (await filled.journal.of_run("hello-1"))[5]
    verdict = await filled.journal.verify({"homolog": (event.position, "0" * 64)})
    assert (verdict.ok, verdict.first_bad) == (False, event.id)


async def test_an_empty_journal_is_sound_unless_an_anchor_says_more(store: Store) -> None:
    assert (await store.journal.verify()).ok
    assert not (await store.journal.verify({"homolog": (3, "a" * 64)})).ok


async def test_the_export_has_all_that_is_hashed(filled: Store) -> None:
    rows = await filled.journal.export(limit=5)
    rows += await filled.journal.export(cursor=int(str(rows[-1]["id"])), limit=1000)
    assert len(rows) == 42
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    read_back = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert json.loads(read_back[4]["data"]) == json.loads(str(rows[4]["data"]))
    assert read_back[-1]["hash"] == (await filled.journal.heads())["-"][1]
