"""An old and a new Estiva beside each other on one PostgreSQL, while workers are replaced one by one."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from storage import schema
from storage.model.run import Run, Status
from tests import postgres
from tests.engine import versions
from tests.engine.scripted import Outside
from tests.engine.test_kill import ROOT, end, play
from tests.engine.world import World
from tests.invariants import violations

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(600)]
LONG = ("hello-1/build/image/1", "hello-1/build/test/1")
"""The actions that take longer than their worker lives."""


@pytest.fixture
def url(postgres_url: str) -> str:
    """A database of which no version has made anything yet."""
    return postgres.fresh(postgres_url)


class Workers:
    """Workers of any version and those who ask them, none of which is left behind."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._all: list[Process] = []
        self._asking: list[versions.Asker] = []

    async def ask(self, tree: Path) -> versions.Asker:
        """Ask for two runs as a version asks, and give who did so."""
        asker = versions.Asker(tree, self._url, self._folder)
        self._asking.append(asker)
        await asyncio.to_thread(asker.ask)
        return asker

    async def start(self, tree: Path = ROOT) -> Process:
        """Start one, and wait until it is up."""
        worker = await play(self._url, self._folder, "worker", PYTHONPATH=str(tree))
        self._all.append(worker)
        async with asyncio.timeout(60):
            while not (self._folder / f"up-{worker.pid}").exists():
                assert worker.returncode is None, await _said(worker)
                await asyncio.sleep(0.05)
        return worker

    async def leave(self, worker: Process, how: signal.Signals) -> None:
        worker.send_signal(how)
        async with asyncio.timeout(60):
            _, said = await worker.communicate()
        assert worker.returncode == (0 if how is signal.SIGTERM else -how), said.decode()

    async def close(self) -> None:
        await end(*self._all)
        for asker in self._asking:
            asker.close()


async def _said(worker: Process) -> str:
    return (await worker.communicate())[1].decode()


@asynccontextmanager
async def workers_on(url: str, folder: Path) -> AsyncIterator[Workers]:
    workers = Workers(url, folder)
    try:
        yield workers
    finally:
        await workers.close()


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[World]:
    world = await World(url, folder).open()
    try:
        yield world
    finally:
        await world.close()


async def begun(outside: Outside, *keys: str) -> None:
    async with asyncio.timeout(60):
        while any(outside.begun(key) is None for key in keys):  # noqa: ASYNC110 - another process begins it
            await asyncio.sleep(0.02)


def done_by_now(outside: Outside, *keys: str) -> None:
    """Let what was begun outside have been begun long ago: whoever takes it over finds it done."""
    for key in keys:
        (outside.folder / "began" / key.replace("/", ":")).write_text("0")


async def waits_for_approval(world: World, run: Run) -> None:
    async with asyncio.timeout(60):
        while await world.store.approvals.pending_of(run.id) is None:  # noqa: ASYNC110 - a worker asks for it
            await asyncio.sleep(0.05)


async def approve(world: World, run: Run) -> None:
    await waits_for_approval(world, run)
    approval = await world.store.approvals.pending_of(run.id)
    assert approval is not None
    assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok


def version_of(url: str) -> str:
    """Which migration the tables are at."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT version_num FROM estiva_version").fetchone()
    assert row is not None
    return str(row[0])


async def runs_of(world: World) -> list[Run]:
    return sorted(await world.store.runs.recent(), key=lambda run: run.id)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_new_version_goes_on_with_what_an_old_one_began(
    how: signal.Signals, url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    yesterday = versions.yesterday(tmp_path_factory.mktemp("yesterday"))
    outside = Outside(tmp_path / "outside")
    async with workers_on(url, tmp_path) as workers:
        old = await workers.start(yesterday)
        await workers.ask(yesterday)
        await begun(outside, *LONG, "hello-2/build/image/1")
        assert version_of(url) < schema.HEAD
        new = await workers.start()
        assert version_of(url) == schema.HEAD
        done_by_now(outside, *LONG)
        await workers.leave(old, how)
        assert outside.keys("stopped") == [], "what runs outside is left running"
        async with opened(url, tmp_path) as world:
            long, gated = await runs_of(world)
            assert (await world.ended(long, 60)).status is Status.SUCCEEDED
            await approve(world, gated)
            assert (await world.ended(gated, 60)).status is Status.SUCCEEDED
            assert {*LONG} <= {*outside.keys("found")}
            await world.sound()
            assert violations(await world.found(left=None)) == []
        await workers.leave(new, signal.SIGTERM)


async def test_an_old_version_works_on_beside_a_new_one(
    url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The new one changes the tables under the old one's feet, and dies; both had runs under way."""
    yesterday = versions.yesterday(tmp_path_factory.mktemp("yesterday"))
    outside = Outside(tmp_path / "outside")
    async with workers_on(url, tmp_path) as workers:
        old = await workers.start(yesterday)
        asker = await workers.ask(yesterday)
        await begun(outside, *LONG)
        new = await workers.start()
        async with opened(url, tmp_path) as world:
            gated = (await runs_of(world))[1]
            await approve(world, gated)
            assert (await world.ended(gated, 60)).status is Status.SUCCEEDED
            old.send_signal(signal.SIGSTOP)  # so that the new one begins what comes next
            await asyncio.to_thread(asker.ask)
            theirs = ("hello-3/build/image/1", "hello-3/build/test/1")
            await begun(outside, *theirs)
            old.send_signal(signal.SIGCONT)
            done_by_now(outside, *LONG, *theirs)
            await workers.leave(new, signal.SIGKILL)
            await workers.start()
            await workers.leave(old, signal.SIGTERM)
            runs = await runs_of(world)
            await approve(world, runs[3])
            for run in runs:
                assert (await world.ended(run, 60)).status is Status.SUCCEEDED
            assert outside.keys("stopped") == []
            await world.sound()
            assert violations(await world.found(left=None)) == []


async def test_what_a_newer_version_began_waits_for_another_of_it(
    url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Here the version of today is the old one, which cannot read what that of tomorrow wrote."""
    tomorrow = versions.tomorrow(tmp_path_factory.mktemp("tomorrow"), schema.HEAD)
    outside = Outside(tmp_path / "outside")
    async with workers_on(url, tmp_path) as workers, opened(url, tmp_path) as world:
        old = await workers.start()
        new = await workers.start(tomorrow)
        assert version_of(url) == versions.TOMORROW
        old.send_signal(signal.SIGSTOP)  # so that the new one begins both
        await workers.ask(tomorrow)
        await begun(outside, *LONG)
        long, gated = await runs_of(world)
        await waits_for_approval(world, gated)
        done_by_now(outside, *LONG)
        old.send_signal(signal.SIGCONT)
        await workers.leave(new, signal.SIGKILL)
        await approve(world, gated)
        await leaves(old, long, gated)
        assert [run.status.over for run in await runs_of(world)] == [False, False]
        await workers.start(tomorrow)
        await workers.leave(old, signal.SIGTERM)
        async with asyncio.timeout(60):
            while not all(run.status.over for run in await runs_of(world)):  # noqa: ASYNC110 - others end them
                await asyncio.sleep(0.1)
        assert [run.status for run in await runs_of(world)] == [Status.SUCCEEDED, Status.SUCCEEDED]
        began = outside.keys("began")
        assert len(began) == len(set(began)) == 3 + 4
        assert outside.keys("stopped") == []


async def leaves(worker: Process, *runs: Run) -> None:
    """Wait until a worker says of each of the runs that it leaves it to a newer version."""
    assert worker.stderr is not None
    wanted = {run.id for run in runs}
    async with asyncio.timeout(60):
        while wanted:
            line = (await worker.stderr.readline()).decode()
            assert line, "it ended"
            wanted -= {run for run in wanted if run in line and "a newer Estiva" in line}
