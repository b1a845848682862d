"""A newer Estiva goes on with what an older one began; workers are replaced one by one under load."""

import asyncio
import signal
from asyncio.subprocess import Process
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.model.run import Run, Status
from tests.engine.recorded import BEGUN, HISTORIES, load
from tests.engine.test_kill import play
from tests.engine.world import World, pipeline, plan


@pytest.mark.parametrize("history", sorted(path.name for path in HISTORIES.iterdir()))
async def test_runs_that_an_older_estiva_began_go_on(history: str, tmp_path: Path) -> None:
    load(history, tmp_path)
    world = World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
    world = await world.open()
    try:
        runs = {run.id: run for run in await world.store.runs.recent()}
        world.ahead = max(run.opened_at for run in runs.values()) - datetime.now(UTC)
        for key in BEGUN:
            (world.outside.folder / "began" / key.replace("/", ":")).write_text("0")  # long ago: it is done by now
        await world.start()
        for approval in await world.store.approvals.pending():
            assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok
        for run in runs.values():
            assert (await world.ended(run)).status is Status.SUCCEEDED
        assert sorted(world.outside.keys("found")) == [
            *("hello-2/build/image/1", "hello-2/build/test/1", "hello-3/deploy/release/1")
        ]
        assert sorted(world.outside.keys("began")) == [
            *("hello-1/live/live/1", "hello-2/deploy/release/1", "hello-4/deploy/release/1")
        ]
        await world.sound()
    finally:
        await world.close()


@pytest.mark.sweep
@pytest.mark.timeout(600)
async def test_workers_are_replaced_one_by_one_under_load(fresh_postgres: str, tmp_path: Path) -> None:
    world = await World(fresh_postgres, tmp_path).open()
    runs: list[Run] = []
    loading = True

    async def load_it() -> None:
        while len(runs) < 15 or loading:
            runs.append(await world.ask(plan(*pipeline(sleep=1.5))))
            await asyncio.sleep(1)

    async def another() -> None:
        workers.append(await play(fresh_postgres, tmp_path, "worker"))
        up = tmp_path / f"up-{workers[-1].pid}"
        async with asyncio.timeout(60):
            while not up.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.1)

    workers: list[Process] = []
    load = asyncio.create_task(load_it())
    try:
        await another()
        await another()
        for how in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            await another()
            await asyncio.sleep(3)
            leaving = workers.pop(0)
            leaving.send_signal(how)
            async with asyncio.timeout(20):
                await leaving.communicate()
            assert leaving.returncode == (-how if how is signal.SIGKILL else 0)
        loading = False
        await load
        for run in runs:
            assert (await world.ended(run, 120)).status is Status.SUCCEEDED
        began = world.outside.keys("began")
        assert len(began) == len(set(began)) == 3 * len(runs)
        assert world.outside.keys("stopped") == []
        await world.sound()
    finally:
        load.cancel()
        for worker in workers:
            worker.kill()
            await worker.communicate()
        await world.close()


async def test_what_only_a_newer_estiva_can_read_is_left_to_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Not ended as broken: a newer worker began it and died, and another of its kind goes on with it."""
    run = await world.ask(plan(*pipeline()))
    await rename(world, "pipeline", "tomorrow")
    await world.start()
    async with asyncio.timeout(30):
        while "leg hello-1/1 is left to a newer Estiva" not in caplog.text:  # noqa: ASYNC110 - it tells nobody else
            await asyncio.sleep(0.02)
    assert await world.store.runs.ended([run.id]) == {}
    await world.stop(world.engines[0])
    await rename(world, "tomorrow", "pipeline")
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def rename(world: World, old: str, new: str) -> None:
    """Give a field of the plans another name, as if another version had written them."""
    statement = sa.text("UPDATE runs SET plan = replace(plan, :old, :new)")
    names = {"old": f'"{old}":', "new": f'"{new}":'}
    await world.store.database.write(lambda session: session.connection().execute(statement, names).close())
