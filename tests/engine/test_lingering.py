"""Work that heeds no cancellation: its run ends, and nobody else gets the environment while it may go on."""

import asyncio
import signal
from pathlib import Path

from storage.model.catalog import Stage
from storage.model.run import Run, Status
from storage.model.view import RunView
from tests.engine.test_kill import LEFT, end, play, played
from tests.engine.world import World, action, pipeline, plan

KEY = "hello-1/deploy/release/1"


def release(**options: object) -> Stage:
    """A deploy that goes on although it is told to stop."""
    return Stage(name="deploy", environment="homolog", actions=(action("release", uses="deploy", **options),))


async def cancelled(world: World) -> Run:
    """Cancel a run whose deploy hears nothing, and see it end all the same."""
    [engine] = world.engines
    run = await world.ask(plan(release(sleep=60, deaf=True)))
    await world.began(KEY)
    await engine.cancel(run.id, "U0BOB")
    view = await world.ended(run)
    assert view.status is Status.CANCELLED
    assert view.reason == (
        "cancelled by U0BOB; homolog stays locked until deploy/release has really stopped, or Estiva was restarted"
    )
    return run


async def waits(world: World, run: Run) -> RunView:
    """Ask for the next run, and see it wait for the one that is over."""
    after = await world.ask(plan(*pipeline()[1:]))
    view = await world.until(after, lambda view: view.queue_position == 1)
    assert view.queue_holder == run.id
    assert await world.store.locks.queue("hello", "homolog") == [run.id, after.id]
    return view


def gone(world: World) -> list[str]:
    """What was stopped, or removed as what an ended run left: whoever came first."""
    return world.outside.keys("stopped") + world.outside.keys("removed")


async def test_the_lock_goes_when_the_work_has_ended_after_all(world: World) -> None:
    await world.start()
    after = (await waits(world, await cancelled(world))).run
    world.outside.held = False
    assert (await world.ended(after)).status is Status.SUCCEEDED
    assert world.outside.keys("stopped") == [KEY], "by its own runner"
    await world.sound()


async def test_what_it_says_when_its_run_is_over_is_not_written(world: World) -> None:
    await world.start()
    [engine] = world.engines
    run = await world.ask(plan(release(sleep=60, deaf=True, mutters="nearly there")))
    await world.began(KEY)
    await engine.cancel(run.id, "U0BOB")
    await world.ended(run)
    world.outside.held = False
    async with asyncio.timeout(15):
        while await world.store.locks.queue("hello", "homolog"):  # noqa: ASYNC110 - another task lets it go
            await asyncio.sleep(0.01)
    (released,) = (await world.view(run)).stages[0].actions
    assert (released.status, released.progress) == (Status.CANCELLED, "")
    await world.sound()


async def test_the_lock_goes_when_the_process_is_dead_and_what_it_left_is_stopped(world: World) -> None:
    engine = await world.start()
    after = (await waits(world, await cancelled(world))).run
    await world.stop(engine)
    assert world.outside.keys("stopped") == []
    await world.start()
    assert (await world.ended(after)).status is Status.SUCCEEDED
    assert KEY in gone(world)
    world.outside.held = False


async def test_the_lock_of_a_living_process_is_left_alone(fresh_postgres: str, tmp_path: Path) -> None:
    world = await World(fresh_postgres, tmp_path).open()
    await world.start()
    other = await play(fresh_postgres, tmp_path, "worker")
    try:
        run = await cancelled(world)
        after = (await waits(world, run)).run
        async with asyncio.timeout(60):
            while not (tmp_path / f"up-{other.pid}").exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.1)
        await asyncio.sleep(2)  # twenty of its rounds
        assert await world.store.locks.queue("hello", "homolog") == [run.id, after.id]
        world.outside.held = False
        assert (await world.ended(after)).status is Status.SUCCEEDED
    finally:
        await end(other)
        await world.close()


async def test_what_ran_out_of_time_and_goes_on_is_not_tried_again_beside_itself(world: World) -> None:
    await world.start()
    stubborn = release(sleep=60, deaf=True, timeout=1, attempts=3, retry_on=("timeout",))
    run = await world.ask(plan(stubborn))
    view = await world.ended(run)
    assert view.status is Status.FAILED
    assert "homolog stays locked until deploy/release has really stopped" in view.reason
    assert world.outside.keys("began") == [KEY]
    world.outside.held = False
    after = await world.ask(plan(*pipeline()[1:]))
    assert (await world.ended(after)).status is Status.SUCCEEDED


async def test_a_kill_while_it_is_let_go_loses_nothing(url: str, tmp_path: Path) -> None:
    for place in ("finish.after", *LEFT):
        assert await played(url, tmp_path, "deaf deploy", place) == -signal.SIGKILL
    assert await played(url, tmp_path, "deaf deploy") == 0
    world = await World(url, tmp_path).open()
    try:
        assert world.outside.keys("began") == [KEY]
        assert KEY in gone(world)
        assert await world.store.locks.queues() == {}
        await world.sound()
    finally:
        await world.close()
