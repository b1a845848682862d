"""Whoever comes back late writes nothing, whatever it is."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from storage.fence import Overtaken, held, holding
from storage.model.event import Fact, Kind
from storage.model.gate import GateKind
from storage.model.run import Status
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import asked, planned, released

FACT = Fact(kind=Kind.STAGE_STARTED, actor="estiva", run="hello-1", key="s/started", data={"stage": "s"})
Write = Callable[[Store, Clock], Awaitable[object]]
WRITES: dict[str, Write] = {
    "fact": lambda store, _: store.journal.append(FACT),
    "release": lambda store, _: _release(store),
    "end": lambda store, _: store.runs.finish("hello-1", Status.SUCCEEDED),
    "lock": lambda store, _: store.locks.enter("hello-1", "hello", "homolog"),
    "question": lambda store, clock: store.approvals.ask("hello-1", "a", "p", "s", 1, clock.now + timedelta(hours=1)),
    "gate": lambda store, _: store.gates.wait("hello-1", "test", GateKind.PAUSE),
}


async def _release(store: Store) -> object:
    return await store.releases.record(released(await store.runs.get("hello-1"), "sha256:1"))


@pytest.mark.parametrize("what", WRITES)
async def test_what_an_overtaken_worker_writes_is_refused_and_undone(store: Store, clock: Clock, what: str) -> None:
    await store.runs.open(asked(1), planned())
    first, second = await store.runs.begin_leg("hello-1", 1), await store.runs.begin_leg("hello-1", 1)
    assert first
    assert second
    assert second.epoch > first.epoch
    before = [await store.runs.get("hello-1"), await store.journal.of_run("hello-1")]
    with holding(first), pytest.raises(Overtaken, match="hello-1 was taken up by another worker"):
        await WRITES[what](store, clock)
    assert [await store.runs.get("hello-1"), await store.journal.of_run("hello-1")] == before
    assert await store.locks.queue("hello", "homolog") == []
    assert await store.gates.closed("hello-1") == []
    assert await store.releases.current("hello", "homolog") is None
    with holding(second):
        await WRITES[what](store, clock)
    assert len(await store.journal.of_run("hello-1")) == len(before[1]) + 1  # type: ignore[arg-type]
    assert (await store.journal.verify()).ok


async def test_of_a_worker_that_overtakes_and_one_that_writes_one_comes_first(store: Store) -> None:
    for number in range(1, 9):
        run = (await store.runs.open(asked(number), planned())).id
        claim = await store.runs.begin_leg(run, 1)
        assert claim
        with holding(claim):
            writing = asyncio.ensure_future(store.runs.finish(run, Status.SUCCEEDED))
        overtaking = await store.runs.begin_leg(run, 1)
        ended = not isinstance((await asyncio.gather(writing, return_exceptions=True))[0], Overtaken)
        assert ended != (overtaking is not None)
        assert (await store.runs.get(run)).status.over == ended


async def test_what_people_do_is_not_fenced(store: Store) -> None:
    await store.runs.open(asked(1), planned())
    assert await store.runs.begin_leg("hello-1", 1)
    assert held() is None
    assert await store.runs.request_cancel("hello-1", "U0ANA0001")
    assert await store.gates.pause("hello-1", "U0ANA0001") == 1
