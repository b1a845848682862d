"""One run at a time per service and environment, in the order of asking."""

import asyncio
from datetime import timedelta

from storage.locks import Entered
from storage.model.event import Kind
from storage.model.run import Status
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import PRODUCTION, walking


async def positions(store: Store, run: str) -> list[object]:
    return [event.data["position"] for event in await store.journal.of_run(run) if event.kind is Kind.QUEUED]


async def entered(store: Store, number: int) -> Entered:
    return await store.locks.enter(f"hello-{number}", "hello", "homolog")


async def waiting_line(store: Store, length: int) -> list[str]:
    for number in range(1, length + 1):
        await walking(store, number)
        await entered(store, number)
    return await store.locks.queue("hello", "homolog")


async def test_the_first_holds_and_the_others_wait(store: Store) -> None:
    await walking(store, 1)
    await walking(store, 2)
    assert await entered(store, 1) == Entered(held=True, position=0, holder="hello-1")
    assert await entered(store, 2) == Entered(held=False, position=1, holder="hello-1")
    assert (await store.runs.get("hello-2")).status is Status.WAITING
    assert await store.runs.ready() == []


async def test_entering_again_changes_nothing(store: Store) -> None:
    await waiting_line(store, 2)
    for _ in range(3):
        assert (await entered(store, 1)).held
        assert (await entered(store, 2)).position == 1
    kinds = [event.kind for event in await store.journal.page()]
    assert kinds.count(Kind.LOCK_TAKEN) == 1
    assert kinds.count(Kind.QUEUED) == 1


async def test_the_next_is_woken_and_the_rest_move_up(store: Store) -> None:
    await waiting_line(store, 4)
    await store.locks.leave("hello-1", "homolog")
    assert await store.locks.queue("hello", "homolog") == ["hello-2", "hello-3", "hello-4"]
    assert await store.runs.ready() == [("hello-2", 2)]
    assert [await positions(store, f"hello-{n}") for n in (2, 3, 4)] == [[1], [2, 1], [3, 2]]
    assert await store.runs.begin_leg("hello-2", 2)
    assert (await entered(store, 2)).held


async def test_who_leaves_from_the_middle_wakes_nobody(store: Store) -> None:
    await waiting_line(store, 4)
    await store.runs.finish("hello-2", Status.CANCELLED)
    assert await store.runs.ready() == []
    assert await store.locks.queue("hello", "homolog") == ["hello-1", "hello-3", "hello-4"]
    assert [await positions(store, f"hello-{n}") for n in (3, 4)] == [[2, 1], [3, 2]]


async def test_a_holder_that_waits_for_people_is_not_woken_by_who_leaves_behind_it(store: Store, clock: Clock) -> None:
    await waiting_line(store, 2)
    await store.approvals.ask("hello-1", "gate", "production", "hash", 1, clock.now + timedelta(hours=1))
    await store.runs.finish("hello-2", Status.CANCELLED)
    assert await store.runs.ready() == []


async def test_leaving_twice_or_never_having_entered_is_harmless(store: Store) -> None:
    await waiting_line(store, 3)
    await store.locks.leave("hello-1", "homolog")
    await store.locks.leave("hello-1", "homolog")
    await store.locks.leave("hello-1", "production")
    assert await store.locks.queue("hello", "homolog") == ["hello-2", "hello-3"]
    assert await store.runs.ready() == [("hello-2", 2)]


async def test_a_run_that_ends_frees_all_its_locks(store: Store) -> None:
    for number in (1, 2, 3):
        await walking(store, number, environment=PRODUCTION)
    await store.locks.enter("hello-1", "hello", "homolog")
    await store.locks.enter("hello-1", "hello", "production")
    await store.locks.enter("hello-2", "hello", "homolog")
    await store.locks.enter("hello-3", "hello", "production")
    await store.runs.finish("hello-1", Status.BROKEN, "boom")
    assert await store.runs.ready() == [("hello-2", 2), ("hello-3", 2)]


async def test_services_and_environments_do_not_wait_for_each_other(store: Store) -> None:
    await walking(store, 1)
    await walking(store, 2, service="world")
    assert (await store.locks.enter("hello-1", "hello", "homolog")).held
    assert (await store.locks.enter("world-1", "world", "homolog")).held
    assert (await store.locks.enter("world-1", "world", "production")).held


async def test_twelve_at_once_pass_one_by_one_and_nobody_is_forgotten(store: Store) -> None:
    runs = [(await walking(store, number)).id for number in range(12)]
    holding: list[str] = []
    passed: list[str] = []

    async def pass_through(run: str) -> None:
        leg = 1
        while not (await store.locks.enter(run, "hello", "homolog")).held:
            leg += 1
            while not await store.runs.begin_leg(run, leg):
                pass
        holding.append(run)
        assert holding == [run]
        await asyncio.sleep(0.005)
        holding.remove(run)
        passed.append(run)
        await store.runs.finish(run, Status.SUCCEEDED)

    async with asyncio.timeout(120):
        await asyncio.gather(*(pass_through(run) for run in runs))
    assert sorted(passed) == sorted(runs)
    assert await store.locks.queue("hello", "homolog") == []
    assert (await store.journal.verify(await store.journal.heads())).ok


async def test_joining_while_the_holder_leaves_never_leaves_one_asleep(store: Store) -> None:
    for round_ in range(20):
        # of two chains: one chain's head would keep them apart by itself
        holder = (await walking(store, f"{round_}/a", environment=PRODUCTION)).id
        joiner = (await walking(store, f"{round_}/b")).id
        await store.locks.enter(holder, "hello", "homolog")
        got, _ = await asyncio.gather(
            store.locks.enter(joiner, "hello", "homolog"), store.runs.finish(holder, Status.SUCCEEDED)
        )
        assert got.held or (joiner, 2) in await store.runs.ready()
        await store.runs.finish(joiner, Status.SUCCEEDED)
