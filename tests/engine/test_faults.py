"""What runs are under way do when what they stand on fails, and comes back."""

import asyncio
import contextlib
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.lease import EngineBusy, SessionLease
from storage.model.run import Run, Status
from tests import postgres
from tests.engine.slow import slow
from tests.engine.test_kill import ROOT, end, play
from tests.engine.world import HOMOLOG, PRODUCTION, World, gated, pipeline, plan, request
from tests.invariants import violations


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


@pytest.mark.parametrize("error", ["EIO", "EROFS"])
async def test_a_disk_that_fails_costs_only_time(error: str, tmp_path: Path) -> None:
    """All that the engine's process writes is refused, from one moment on; another one goes on with it."""
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    command = [sys.executable, "-m", "tests.engine.failing_disk", world.url, str(tmp_path), "worker", error]
    failing = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        run = await world.ask(plan(*pipeline(sleep=2, lines=["one", "two"])))
        await world.began(f"{run.id}/build/image/1", 60)
        failing.send_signal(signal.SIGUSR2)
        assert failing.stderr is not None
        async with asyncio.timeout(60):
            while "disk I/O error" not in (await failing.stderr.readline()).decode():
                assert failing.returncode is None
        after = await world.ask(plan(*pipeline()))
        assert not (await world.view(run)).status.over
        failing.terminate()
        async with asyncio.timeout(60):
            await failing.communicate()
        healthy = await play(world.url, tmp_path, "worker")
        try:
            for each in (run, after):
                view = await world.ended(each, 60)
                assert view.status is Status.SUCCEEDED, view.reason
        finally:
            await end(healthy)
        await world.sound()
        assert violations(await world.found(left=None)) == []
    finally:
        await end(failing)
        await world.close()


NOT_TAKEN = """
import asyncio, sys
from pathlib import Path
from tests.engine.failing_disk import fail
from tests.engine.world import World, pipeline, plan

async def main():
    world = await World(sys.argv[1], Path(sys.argv[2])).open()
    await world.ask(plan(*pipeline()))
    fail(sys.argv[3])
    try:
        await world.ask(plan(*pipeline()))
    except Exception as problem:
        sys.exit(f"not taken: {problem}")

asyncio.run(main())
"""


@pytest.mark.parametrize("error", ["EIO", "EROFS"])
async def test_what_a_failing_disk_does_not_keep_is_not_taken(error: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'estiva.db'}"
    command = [sys.executable, "-c", NOT_TAKEN, url, str(tmp_path), error]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "not taken" in ended.stderr
    assert "disk I/O error" in ended.stderr
    world = await World(url, tmp_path).open()
    try:
        assert [run.id for run in await world.store.runs.recent()] == ["hello-1"]
        assert await world.store.requests.accept(request(2)), "it was not there: it is new"
        await world.sound()
    finally:
        await world.close()


@pytest.mark.sweep
async def test_a_database_that_answers_slowly_costs_only_time(fresh_postgres: str, tmp_path: Path) -> None:
    """First each answer takes a fifth of a second; then so long that the worker no longer counts as alive."""
    with slow(fresh_postgres) as (url, way):
        world = await World(url, tmp_path).open()
        try:
            engine = await world.start()
            way.delay = 0.1
            first = await world.ask(plan(*pipeline()))
            assert (await world.ended(first, 120)).status is Status.SUCCEEDED
            way.delay = 0.0
            name = engine.health()["worker"]
            second = await world.ask(plan(pipeline(sleep=3600)[0], *pipeline()[1:]))
            keys = [f"{second.id}/build/{action}/1" for action in ("image", "test")]
            for key in keys:
                await world.began(key, 60)
            way.delay = 6.0
            async with asyncio.timeout(90):
                while sorted(world.outside.keys("abandoned")) != keys:  # noqa: ASYNC110 - the engine lets go of them
                    await asyncio.sleep(0.1)
            for key in keys:
                (world.outside.folder / "began" / key.replace("/", ":")).write_text("0")  # done by now
            way.delay = 0.0
            assert (await world.ended(second, 120)).status is Status.SUCCEEDED
            assert engine.health()["worker"] != name
            assert world.outside.keys("stopped") == []
            await world.sound()
            assert violations(await world.found(left=None)) == []
        finally:
            way.delay = 0.0
            await world.close()
