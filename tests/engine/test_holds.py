"""A run under way meets a lock or a freeze: it waits as a row, and goes on by itself."""

import asyncio
from datetime import timedelta

from storage.model.event import Kind
from storage.model.gate import GateKind
from storage.model.hold import HoldKind
from storage.model.run import Run, Status
from tests.engine.world import World, pipeline, plan


async def held(world: World, run: Run) -> None:
    """Wait until the run waits."""
    view = await world.until(run, lambda view: any(s.wait and s.wait.kind is GateKind.LOCK for s in view.stages))
    assert view.status is Status.WAITING


async def lock(world: World, owner: str = "U0BOB", seconds: int | None = None) -> int:
    """Somebody's lock."""
    expires = world.now() + timedelta(seconds=seconds) if seconds else None
    taken = await world.store.holds.take(HoldKind.LOCK, "hello", "homolog", owner, "test", expires)
    assert taken.ok
    return taken.hold.id


async def test_a_run_waits_for_the_end_of_a_lock_and_goes_on(world: World) -> None:
    await world.start()
    hold = await lock(world)
    run = await world.ask(plan(*pipeline()))
    await held(world, run)
    assert (await world.store.runs.get(run.id)).status is Status.WAITING
    assert await world.store.locks.queue("hello", "homolog") == [], "others may go first"
    assert await world.store.holds.release(hold, "U0BOB")
    assert (await world.ended(run)).status is Status.SUCCEEDED
    told = [(e.kind, e.data.get("held_by")) for e in await world.events(run) if e.data.get("gate") == "lock"]
    assert told == [(Kind.GATE_WAITING, "U0BOB"), (Kind.GATE_OPENED, None)]
    assert await world.store.holds.waiting() == []


async def test_the_owner_of_a_lock_is_not_kept_out(world: World) -> None:
    await world.start()
    await lock(world, "U0ANN")
    assert (await world.ended(await world.ask(plan(*pipeline()), "U0ANN"))).status is Status.SUCCEEDED


async def test_a_lock_ends_with_its_time_over_a_restart(world: World) -> None:
    engine = await world.start()
    await lock(world, seconds=3600)
    run = await world.ask(plan(*pipeline()))
    await held(world, run)
    await world.stop(engine)
    world.ahead = timedelta(hours=2)
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert await world.store.holds.active() == []


async def test_a_run_that_waits_for_a_lock_can_be_cancelled(world: World) -> None:
    await world.start()
    hold = await lock(world)
    run = await world.ask(plan(*pipeline()))
    await held(world, run)
    await world.store.runs.request_cancel(run.id, "U0ANN")
    assert (await world.ended(run)).status is Status.CANCELLED
    count = len(await world.events(run))
    await world.store.holds.release(hold, "U0BOB")
    async with asyncio.timeout(15):
        while await world.store.holds.waiting():  # noqa: ASYNC110 - the sweep's state
            await asyncio.sleep(0.02)
    assert len(await world.events(run)) == count, "nothing is written after the end"
