"""Several workers on one PostgreSQL, and a PostgreSQL that hangs up."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from runners.lease import lease_key
from storage.model.run import Status
from tests.engine.scripted import Outside
from tests.engine.test_kill import check, play
from tests.engine.world import World, pipeline, plan

OF_THE_LEASE = "application_name ^@ 'estiva ' and application_name <> 'estiva'"


@pytest.fixture
async def world(fresh_postgres: str, tmp_path: Path) -> AsyncIterator[World]:
    world = await World(fresh_postgres, tmp_path).open()
    try:
        yield world
        await world.sound()
    finally:
        await world.close()


async def hang_up(url: str, condition: str) -> int:
    """End the connections to this database that match; returns how many."""
    name = url.rpartition("/")[2]
    server = f"{url.rpartition('/')[0]}/postgres".replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        statement = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and {condition}"
        return (await connection.execute(statement.encode(), (name,))).rowcount


async def test_a_worker_takes_over_what_a_dead_one_had_under_way(fresh_postgres: str, tmp_path: Path) -> None:
    first = await play(fresh_postgres, tmp_path)
    outside = Outside(tmp_path / "outside")
    async with asyncio.timeout(30):
        while not outside.keys("began"):  # noqa: ASYNC110 - it is another process that begins
            await asyncio.sleep(0.02)
    second = await play(fresh_postgres, tmp_path)
    first.kill()
    await first.communicate()
    async with asyncio.timeout(60):
        _, said = await second.communicate()
    assert second.returncode == 0, said.decode()
    await check(fresh_postgres, tmp_path)


TAKEN_OVER = 15
"""Seconds after which the work of a dead or frozen worker goes on elsewhere."""


async def until(happened: Callable[[], object], seconds: float, otherwise: Process) -> float:
    """Wait for what other processes do; gives the seconds that it took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds
        assert otherwise.returncode is None, "the other worker ended"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.sweep
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_dead_or_frozen_workers_actions_go_on_elsewhere(
    fresh_postgres: str, tmp_path: Path, how: signal.Signals
) -> None:
    """The frozen one wakes when its actions' time is long over, while the other one still waits for them."""
    outside = Outside(tmp_path / "outside")
    first = await play(fresh_postgres, tmp_path, "timed")
    await until(lambda: len(outside.keys("began")) == 2, 60, first)
    began = time.monotonic()
    second = await play(fresh_postgres, tmp_path, "timed")
    await asyncio.sleep(3)  # until it is up
    first.send_signal(how)
    took = await until(lambda: len(outside.keys("found")) == 2, 3 * TAKEN_OVER, second)
    print(f"\nafter {how.name}, taken over within {took:.1f} s")
    assert took < 1.5 * TAKEN_OVER
    if how is signal.SIGKILL:
        second.kill()
        await asyncio.gather(first.communicate(), second.communicate())
        return
    await asyncio.sleep(max(0.0, began + 28 - time.monotonic()))
    assert outside.keys("done") == []
    first.send_signal(signal.SIGCONT)
    for process in (first, second):
        async with asyncio.timeout(90):
            _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
    assert outside.keys("stopped") == []
    assert len(outside.keys("began")) == len(set(outside.keys("began"))) == 3
    world = await World(fresh_postgres, tmp_path).open()
    try:
        assert [run.status for run in await world.store.runs.recent()] == [Status.SUCCEEDED]
        await world.sound()
    finally:
        await world.close()


async def test_a_worker_that_loses_its_lease_begins_anew_under_another_name(world: World) -> None:
    engine = await world.start()
    name = engine.health()["worker"]
    run = await world.ask(plan(*pipeline(sleep=3)))
    await world.until(run, lambda view: all(a.status is Status.RUNNING for a in view.stages[0].actions))
    assert await hang_up(world.url, OF_THE_LEASE) == 1
    view = await world.ended(run, seconds=30)
    assert view.status is Status.SUCCEEDED
    assert engine.health()["worker"] != name
    assert sorted(world.outside.keys("abandoned")) == [f"{run.id}/build/image/1", f"{run.id}/build/test/1"]
    assert world.outside.keys("stopped") == []


async def test_a_database_that_hangs_up_again_and_again_breaks_no_run(world: World) -> None:
    await world.start()
    runs = [await world.ask(plan(*pipeline(sleep=0.2))) for _ in range(3)]
    for _ in range(8):
        await asyncio.sleep(0.25)
        await hang_up(world.url, "true")
    for run in runs:
        assert (await world.ended(run, seconds=40)).status is Status.SUCCEEDED


def test_two_workers_do_not_share_a_lease() -> None:
    assert lease_key("a") != lease_key("b")
    assert -(2**63) <= lease_key("a") < 2**63
