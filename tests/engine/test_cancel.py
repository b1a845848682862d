import asyncio
import time

import pytest

from runners.limits import Limits
from storage.model.catalog import Stage
from storage.model.run import Status
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan


async def test_cancelling_stops_the_outside_work_at_once_and_says_by_whom(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=30)))
    await world.began(f"{run.id}/build/image/1")
    await world.began(f"{run.id}/build/test/1")
    since = time.monotonic()
    assert await engine.cancel(run.id, "U0BOB")
    view = await world.ended(run)
    assert time.monotonic() - since < 5
    assert (view.status, view.reason, view.cancelled_by) == (Status.CANCELLED, "cancelled by U0BOB", "U0BOB")
    assert {a.status for a in view.stages[0].actions} == {Status.CANCELLED}
    assert sorted(world.outside.keys("stopped")) == [f"{run.id}/build/image/1", f"{run.id}/build/test/1"]
    assert not await engine.cancel(run.id, "U0BOB")


async def test_a_cancel_from_another_process_is_noticed_within_a_second(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(sleep=30)))
    await world.began(f"{run.id}/build/image/1")
    await world.store.runs.request_cancel(run.id, "U0BOB")
    view = await world.ended(run, seconds=5)
    assert view.status is Status.CANCELLED


async def test_a_run_that_waits_for_approval_is_cancelled_at_once(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    await world.until(run, lambda view: view.status is Status.WAITING)
    await engine.cancel(run.id, "U0BOB")
    view = await world.ended(run, seconds=5)
    assert (view.status, view.reason) == (Status.CANCELLED, "cancelled by U0BOB")
    assert await world.store.approvals.pending() == []


async def test_a_run_that_waits_for_a_lock_is_cancelled_and_leaves_the_queue(world: World) -> None:
    engine = await world.start()
    first = await world.ask(plan(*pipeline(hold=True)[1:]))
    await world.began(f"{first.id}/deploy/release/1")
    second = await world.ask(plan(*pipeline()))
    await world.until(second, lambda view: view.queue_position == 1)
    await engine.cancel(second.id, "U0BOB")
    assert (await world.ended(second, seconds=5)).status is Status.CANCELLED
    world.outside.held = False
    assert (await world.ended(first)).status is Status.SUCCEEDED
    assert await world.store.locks.queue("hello", "homolog") == []


async def test_a_run_is_cancelled_before_its_first_leg(world: World) -> None:
    run = await world.ask(plan(*pipeline()))
    await world.store.runs.request_cancel(run.id, "U0BOB")
    await world.start()
    assert (await world.ended(run)).status is Status.CANCELLED
    assert world.outside.keys("began") == []


async def test_a_run_is_cancelled_between_two_attempts(world: World) -> None:
    world.limits = Limits(grace=1, backoff=30, sweep=0.2, poll=0.05)
    engine = await world.start()
    push = action("push", fail="503", retryable=True, attempts=5)
    run = await world.ask(plan(Stage(name="build", actions=(push,))))
    await world.until(run, lambda view: view.stages[0].actions[0].reason == "503")
    await engine.cancel(run.id, "U0BOB")
    assert (await world.ended(run, seconds=5)).status is Status.CANCELLED
    assert (await world.action(run, "push")).status is Status.CANCELLED


async def test_a_cancel_while_the_bot_was_down_stops_what_was_left_running(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=30)))
    await world.began(f"{run.id}/build/image/1")
    await world.until(run, lambda view: all(a.status is Status.RUNNING for a in view.stages[0].actions))
    await world.stop(engine)
    await world.store.runs.request_cancel(run.id, "U0BOB")
    await world.start()
    assert (await world.ended(run)).status is Status.CANCELLED
    assert len(world.outside.keys("stopped")) == 2
    assert (await world.action(run, "image")).status is Status.CANCELLED


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
async def test_a_cancel_at_any_moment_ends_the_run_once(world: World, moment: float) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.1)))
    await asyncio.sleep(moment)
    asked = await engine.cancel(run.id, "U0BOB")
    view = await world.ended(run)
    allowed = {Status.CANCELLED, Status.SUCCEEDED} if asked else {Status.SUCCEEDED}
    assert view.status in allowed
    released = await world.store.releases.current("hello", "homolog")
    done = (await world.action(run, "release")).status is Status.SUCCEEDED
    assert (released is not None) == done
