"""What runs are under way do when what they stand on fails, and comes back."""

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.lease import EngineBusy, SessionLease
from storage.model.run import Run, Status
from tests import postgres
from tests.engine.test_kill import play
from tests.engine.world import HOMOLOG, PRODUCTION, World, gated, pipeline, plan


@pytest.fixture
def server() -> Iterator[postgres.Mortal]:
    with postgres.mortal() as running:
        yield running


async def approved(world: World, run: Run) -> None:
    approval = await world.store.approvals.pending_of(run.id)
    assert approval is not None
    assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.sweep)])
async def test_a_database_that_crashes_and_comes_back_costs_only_time(
    server: postgres.Mortal, seconds: int, tmp_path: Path
) -> None:
    """One run in its actions, one that waits for people, one that is asked for while nobody can write it down."""
    world = await World(postgres.fresh(server.url), tmp_path).open()
    try:
        await world.start()
        waiting = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
        await world.until(waiting, lambda view: view.run.status is Status.WAITING)
        running = await world.ask(plan(*pipeline(sleep=seconds / 2)))
        await world.began(f"{running.id}/build/image/1")
        await asyncio.to_thread(server.stop)
        with pytest.raises(Exception, match=r"connection|refused|closed"):
            await world.ask(plan(*pipeline()))  # so it is not acknowledged
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.start)
        assert (await world.ended(running, 60)).status is Status.SUCCEEDED
        await approved(world, waiting)
        assert (await world.ended(waiting, 30)).status is Status.SUCCEEDED
        assert len(await world.store.runs.recent()) == 2, "what nobody took was not begun"
        assert world.outside.keys("stopped") == []
        async with asyncio.timeout(30):
            while not world.engines[0].health()["ok"]:  # noqa: ASYNC110 - it is asked, as an operator does
                await asyncio.sleep(0.1)
        await world.sound()
    finally:
        await world.close()


async def test_two_workers_of_one_name_cannot_be(server: postgres.Mortal) -> None:
    first, second = (SessionLease(server.url, "twin", lambda: None) for _ in range(2))
    await first.take()
    with pytest.raises(EngineBusy, match="another Estiva calls itself twin"):
        await second.take()
    await first.free()
    await second.take()
    await second.free()


async def test_a_full_disk_costs_only_time(tmp_path: Path) -> None:
    """No file of the engine's process may grow for a while, neither the store's nor its own."""
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    worker = await play(world.url, tmp_path, "worker")
    try:
        run = await world.ask(plan(*pipeline(sleep=3, lines=["one", "two"])))
        await world.began(f"{run.id}/build/image/1", 60)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        await asyncio.sleep(8)
        assert worker.returncode is None
        assert (await world.view(run)).status is Status.RUNNING
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        after = await world.ask(plan(*pipeline()))
        for each in (run, after):
            view = await world.ended(each, 60)
            assert view.status is Status.SUCCEEDED, view.reason
        worker.terminate()
        async with asyncio.timeout(30):
            _, said = await worker.communicate()
        assert worker.returncode == 0, said.decode()
        await world.sound()
    finally:
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()
        await world.close()
