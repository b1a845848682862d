import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from runners.attempt import Attempts
from runners.crash import SIGNAL
from runners.interrupt import Interrupts
from runners.limits import Limits
from runners.progress import Progress
from storage.model.catalog import Registry, Stage
from storage.model.run import Status
from tests.engine.scripted import Scripted
from tests.engine.test_kill import BACK, PLACES, end, play
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, asked, gated, pipeline, plan
from tests.invariants import Told, violations


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


async def test_a_cancel_on_the_way_back_to_an_action_stops_what_was_left_running(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("image", sleep=60),))))
    await world.began(f"{run.id}/build/image/1")
    await world.until(run, lambda view: view.stages[0].actions[0].status is Status.RUNNING)
    await world.stop(engine)
    interrupts = Interrupts()

    def cancelled_meanwhile() -> Registry:
        """Asked for right before the runner is called."""
        interrupts.cancel(run.id, "cancelled by U0BOB")
        return Registry(host="127.0.0.1:5001")

    attempts = Attempts(
        *(world.store, {"script": Scripted("script", world.outside)}, cancelled_meanwhile, world.data, world.now),
        *(interrupts, world.limits, lambda: "bot"),
    )
    leg = (await world.store.runs.get(run.id)).leg
    assert await attempts.act(Progress(world.store, run.id), leg, "build", "image") == Status.CANCELLED
    assert (await world.action(run, "image")).status is Status.CANCELLED
    assert world.outside.keys("stopped") == [f"{run.id}/build/image/1"]


MOMENTS = {
    "opened": "begin.before",
    "waiting for a lock": "lock.after:2",
    "about to start an action": "started.before",
    "at work": "work.before",
    "finishing": "finish.before",
}
ENDS = {"whole": (Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED), "back": (Status.SUCCEEDED, Status.FAILED)}
"""Scene -> how its runs end when nobody cancels them."""


async def cancelled_at(place: str, url: str, folder: Path, scene: str = "whole") -> None:
    """Cancel all that goes on when the process is at a place, and see all of it end well, once."""
    process = await play(url, folder, scene, place, **{SIGNAL: "SIGUSR1"})
    try:
        async with asyncio.timeout(90):
            _, said = await process.communicate()
    finally:
        await end(process)
    assert process.returncode == 0, said.decode()
    assert (folder / "cancelled").exists(), "it never came to this place"
    world = await World(url, folder).open()
    try:
        numbers = range(1, len(ENDS[scene]) + 1)
        found = await world.found(asked=[asked(number) for number in numbers])
        assert violations(found) == []
        for told, uncancelled in zip(found.runs, ENDS[scene], strict=True):
            wanted = {Status.CANCELLED, uncancelled} if told.run.cancel_requested else {uncancelled}
            assert told.run.status in wanted, told.run.id
        await as_many_releases_as_deploys(world, found.runs)
        await world.sound()
    finally:
        await world.close()


async def as_many_releases_as_deploys(world: World, runs: Sequence[Told]) -> None:
    """What was deployed is known as released, and nothing else is."""
    done = Counter(
        (told.run.id, stage.stage.environment)
        for told in runs
        for stage in told.view.stages
        for action in stage.actions
        if action.action.uses == "deploy" and action.status is Status.SUCCEEDED
    )
    kept = [
        (each.run, name)
        for name in ("homolog", "production")
        for each in await world.store.releases.history("hello", name)
    ]
    assert Counter(kept) == done


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_cancel_at_a_moment_ends_the_runs_once(moment: str, tmp_path: Path) -> None:
    await cancelled_at(MOMENTS[moment], f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("place", PLACES)
async def test_a_cancel_at_each_place_ends_the_runs_once(place: str, url: str, tmp_path: Path) -> None:
    await cancelled_at(place, url, tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("place", [*BACK, "started.after:4", "work.before:4", "work.after:3", "release.before:3"])
async def test_a_cancel_while_something_is_put_back_ends_the_run_once(place: str, url: str, tmp_path: Path) -> None:
    await cancelled_at(place, url, tmp_path, "back")
