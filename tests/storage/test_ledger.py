"""What the walkers of runs write together stays each one's own, and whole."""

import asyncio

import pytest

from storage.fence import Overtaken, holding
from storage.model.event import Fact, Kind
from storage.model.run import Run
from storage.store import Store
from tests.storage.nouns import asked, planned


def fact(run: Run, name: str) -> Fact:
    return Fact(kind=Kind.STAGE_STARTED, actor="estiva", run=run.id, key=f"{name}/started", data={"stage": name})


async def test_a_note_tells_what_others_did_since(store: Store) -> None:
    run = await store.runs.open(asked(1), planned())
    told = await store.ledger.note(run, 1, fact(run, "build"))
    assert [event.data.get("stage") for event in told.events] == ["build"]
    await store.runs.request_cancel(run.id, "U0BOB")
    told = await store.ledger.note(told.run, told.sequence, fact(run, "test"))
    assert [event.kind for event in told.events] == [Kind.CANCEL_REQUESTED, Kind.STAGE_STARTED]
    assert told.run.cancel_requested
    assert (await store.ledger.since(run, 1)).events == (await store.journal.of_run(run.id, after=1))
    assert (await store.ledger.since(run, told.sequence)).events == []


async def test_a_fact_is_written_once(store: Store) -> None:
    run = await store.runs.open(asked(1), planned())
    first = await store.ledger.note(run, 1, fact(run, "build"))
    again = await store.ledger.note(run, 1, fact(run, "build"))
    assert again.events == first.events
    assert again.sequence == 2


async def test_what_many_write_at_once_is_one_whole_chain(store: Store) -> None:
    runs = [await store.runs.open(asked(number), planned()) for number in range(1, 13)]
    told = await asyncio.gather(*(store.ledger.note(run, 1, fact(run, "a"), fact(run, "b")) for run in runs))
    assert [[event.run for event in each.events] for each in told] == [[run.id] * 2 for run in runs]
    assert [each.sequence for each in told] == [3] * len(runs)
    assert (await store.journal.verify()).ok


async def test_of_what_is_written_at_once_only_what_an_overtaken_worker_writes_is_refused(store: Store) -> None:
    runs = [await store.runs.open(asked(number), planned()) for number in range(1, 7)]
    claims = [await store.runs.begin_leg(run.id, 1) for run in runs]
    await store.runs.begin_leg("hello-3", 1)
    writing = []
    for run, claim in zip(runs, claims, strict=True):
        assert claim
        with holding(claim):
            writing.append(asyncio.ensure_future(store.ledger.note(run, 1, fact(run, "build"))))
    ends = await asyncio.gather(*writing, return_exceptions=True)
    assert [isinstance(end, Overtaken) for end in ends] == [False, False, True, False, False, False]
    assert [len(await store.journal.of_run(run.id)) for run in runs] == [2, 2, 1, 2, 2, 2]
    assert (await store.journal.verify()).ok


async def test_what_one_who_is_gone_wanted_written_does_not_hold_up_the_others(store: Store) -> None:
    run = await store.runs.open(asked(1), planned())
    gone = asyncio.ensure_future(store.ledger.note(run, 1, fact(run, "build")))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    told = await store.ledger.note(run, 1, fact(run, "test"))
    assert told.events[-1].data["stage"] == "test"
