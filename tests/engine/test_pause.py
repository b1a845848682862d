"""People pause a run at any moment: what runs goes on to its end, nothing new starts until somebody resumes it."""

import asyncio

import pytest

from storage.model.event import Kind
from storage.model.gate import GateKind
from storage.model.run import Run, Status
from storage.model.view import RunView
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan

BUILD, DEPLOY = pipeline()


async def resume(world: World, run: Run, number: int = 1) -> bool:
    opened = await world.store.gates.open(run.id, str(number), GateKind.HOLD, "U0BOB")
    for engine in world.engines:
        engine.wake()
    return opened


async def at_rest(world: World, run: Run) -> RunView:
    """Wait until nothing of the run is walked any more."""
    async with asyncio.timeout(15):
        while (await world.store.runs.get(run.id)).status is not Status.WAITING:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return await world.view(run)


async def test_what_runs_goes_on_and_nothing_new_starts(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(hold=True)))
    await world.began(f"{run.id}/build/image/1")
    assert await world.store.gates.pause(run.id, "U0BOB") == 1
    assert await world.store.gates.pause(run.id, "U0CAT") is None
    assert (await world.view(run)).status is Status.RUNNING
    world.outside.held = False
    view = await at_rest(world, run)
    assert view.stages[0].status is Status.SUCCEEDED
    assert (view.status, view.paused and view.paused.by) == (Status.WAITING, "U0BOB")
    assert await world.store.locks.queue("hello", "homolog") == []
    assert await resume(world, run)
    assert not await resume(world, run)
    assert (await world.ended(run)).status is Status.SUCCEEDED
    kinds = [event.kind for event in await world.events(run)]
    assert [kinds.count(kind) for kind in (Kind.PAUSED, Kind.RESUMED)] == [1, 1]


async def test_a_pause_holds_between_two_actions_of_a_stage_and_keeps_the_lock(world: World) -> None:
    await world.start()
    second = action("second", run_order=2)
    stage = type(DEPLOY)(name="deploy", actions=(action("first", hold=True), second), environment="homolog")
    run = await world.ask(plan(stage))
    await world.began(f"{run.id}/deploy/first/1")
    await world.store.gates.pause(run.id, "U0BOB")
    world.outside.held = False
    await at_rest(world, run)
    assert world.outside.begun(f"{run.id}/deploy/second/1") is None
    assert await world.store.locks.queue("hello", "homolog") == [run.id]
    await resume(world, run)
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_pause_outlives_the_bot(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.3)))
    await world.began(f"{run.id}/build/image/1")
    await world.stop(engine)
    await world.store.gates.pause(run.id, "U0BOB")
    await world.start()
    view = await at_rest(world, run)
    assert view.stages[0].status is Status.SUCCEEDED
    await resume(world, run)
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_paused_run_whose_approval_comes_stays_paused(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    await world.until(run, lambda view: view.stages[2].gate is not None)
    await world.store.gates.pause(run.id, "U0BOB")
    approval = await world.store.approvals.pending_of(run.id)
    assert approval is not None
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    engine.wake()
    leg = (await world.store.runs.get(run.id)).leg
    async with asyncio.timeout(15):
        while (await world.store.runs.get(run.id)).status is not Status.WAITING or engine.health()["legs"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert leg == 2
    assert world.outside.begun(f"{run.id}/live/live/1") is None
    await resume(world, run)
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_click_on_an_old_pause_opens_no_later_one(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(hold=True)))
    await world.began(f"{run.id}/build/image/1")
    assert await world.store.gates.pause(run.id, "U0BOB") == 1
    assert await resume(world, run, 1)
    assert await world.store.gates.pause(run.id, "U0BOB") == 2
    assert not await resume(world, run, 1)
    view = await world.view(run)
    assert view.paused is not None
    assert view.paused.number == 2
    world.outside.held = False
    await at_rest(world, run)
    assert await resume(world, run, 2)
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_paused_run_is_cancelled_at_once_and_cannot_be_paused_again(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline()))
    await world.store.gates.pause(run.id, "U0BOB")
    await at_rest(world, run)
    await engine.cancel(run.id, "U0CAT")
    view = await world.ended(run)
    assert (view.status, view.paused) == (Status.CANCELLED, None)
    assert await world.store.gates.closed(run.id) == []
    assert await world.store.gates.pause(run.id, "U0BOB") is None


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.2, 0.4])
async def test_a_pause_and_a_resume_at_any_moment_lose_and_double_nothing(world: World, moment: float) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.1)))
    await asyncio.sleep(moment)
    number = await world.store.gates.pause(run.id, "U0BOB")
    await asyncio.sleep(0.1)
    if number is not None and not await resume(world, run, number):
        # paused in its last action: nothing was left to be begun, so that it ended instead of waiting
        assert (await world.store.runs.get(run.id)).status.over
    assert (await world.ended(run)).status is Status.SUCCEEDED
