"""The wall clock jumps under runs: only what people were told a time for goes by it."""

import asyncio
from datetime import timedelta

import pytest

from storage.model.catalog import Stage
from storage.model.run import Run, Status
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan

YEAR, BACK = timedelta(days=365), timedelta(hours=-2)


async def in_line(world: World, run: Run) -> None:
    """Wait until a run stands in the queue for homolog."""
    async with asyncio.timeout(15):
        while run.id not in await world.store.locks.queue("hello", "homolog"):  # noqa: ASYNC110 - the engine tells nobody
            await asyncio.sleep(0.02)


async def three(world: World) -> tuple[Run, Run, Run]:
    """One that waits for a yes, one that works behind the lock of homolog, one that waits for that lock."""
    waiting = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    await world.until(waiting, lambda view: view.run.status is Status.WAITING)
    working = await world.ask(plan(*pipeline(hold=True, timeout=60)[1:]))
    await world.began(f"{working.id}/deploy/release/1")
    queued = await world.ask(plan(*pipeline()[1:]))
    await in_line(world, queued)
    return waiting, working, queued


@pytest.mark.parametrize("jump", [YEAR, BACK], ids=["a year ahead", "two hours back"])
async def test_a_jump_of_the_clock_moves_no_lock_no_lease_and_no_timeout(world: World, jump: timedelta) -> None:
    engine = await world.start()
    worker = engine.health()["worker"]
    waiting, working, queued = await three(world)
    world.ahead += jump
    engine.wake()
    if jump is YEAR:
        assert (await world.ended(waiting)).reason == f"nobody approved in time (`{waiting.id}/approve` expired)"
    later = await world.ask(plan(*pipeline()[1:]))  # the engine has looked around since the jump
    await in_line(world, later)
    assert [*await world.store.locks.queue("hello", "homolog")] == [working.id, queued.id, later.id]
    world.outside.held = False
    for run in (working, queued, later):
        assert (await world.ended(run)).status is Status.SUCCEEDED
    assert (world.outside.keys("stopped"), world.outside.keys("abandoned")) == ([], [])
    assert engine.health()["worker"] == worker
    if jump is BACK:
        approval = await world.store.approvals.pending_of(waiting.id)
        assert approval is not None
        assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok
        assert (await world.ended(waiting)).status is Status.SUCCEEDED


@pytest.mark.parametrize("jump", [YEAR, BACK], ids=["a year ahead", "two hours back"])
async def test_a_jump_while_nobody_looks_costs_a_retry_no_more_than_its_pause(world: World, jump: timedelta) -> None:
    flaky = action("image", fail="cut off", fails=1, retryable=True, attempts=2, backoff=2)
    engine = await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(flaky,))))
    await world.until(run, lambda view: view.stages[0].actions[0].ended_at is not None)
    await world.stop(engine)
    world.ahead += jump
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert world.outside.keys("began") == [f"{run.id}/build/image/1", f"{run.id}/build/image/2"]
