"""What the engine costs: runs of empty actions beside bare DBOS, an action beside its bare runner, a gate's opening."""

import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from runners.contract import Work
from runners.limits import Limits
from storage.model.catalog import Registry, Stage
from storage.model.run import Plan
from tests import postgres
from tests.benchmarks.measured import Pairs, load, percentile
from tests.engine.scripted import Scripted
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, plan, service

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUNS, ROUNDS = 100, 5
GOAL, BAR = 0.7, 0.05
GATES = 30


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.bench
@pytest.mark.timeout(900)
async def test_runs_of_five_empty_actions_beside_bare_dbos(backend: str, server: str) -> None:
    clock = Pairs(f"{RUNS} runs of 5 empty actions on {backend}, by the clock", "s")
    processor = Pairs(f"{RUNS} runs of 5 empty actions on {backend}, processor time", "s")
    for _ in range(ROUNDS):
        for program, told in (("bare_dbos.py", "baseline"), ("bare_engine.py", "ours")):
            took, spent = await _ran(program, backend, server)
            getattr(clock, told).append(took)
            getattr(processor, told).append(spent)
    clock.tell()
    processor.tell()
    print(f"  throughput: {1 / clock.paired:.2f} of bare DBOS in pairs, goal {GOAL}")
    assert 1 / clock.paired > BAR


async def _ran(program: str, backend: str, server: str) -> tuple[float, float]:
    """Run a program on a fresh database; seconds by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        url = _database(backend, server, Path(folder))
        words = [url, folder, str(RUNS)] if program == "bare_engine.py" else [url, str(RUNS)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / program), *words),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
    took, spent = said.split()
    return float(took), float(spent)


@pytest.mark.bench
@pytest.mark.timeout(300)
async def test_an_action_beside_its_bare_runner(backend: str, server: str, tmp_path: Path) -> None:
    """Actions of half a second: what the engine adds to one, in a run that has nothing else to do."""
    count, seconds = 10, 0.5
    pairs = Pairs(f"an action of {seconds} s on {backend}, beside the runner called in a loop", "s")
    async with _world(_database(backend, server, tmp_path), tmp_path) as world:
        runner = Scripted("script", world.outside)
        for turn in range(ROUNDS):
            began = time.perf_counter()
            for number in range(count):
                await _bare(runner, f"bare-{turn}/build/a{number}/1", tmp_path, seconds)
            pairs.baseline.append((time.perf_counter() - began) / count)
            began = time.perf_counter()
            run = await world.ask(_series(count, seconds))
            await world.ended(run, seconds=60)
            pairs.ours.append((time.perf_counter() - began) / count)
    pairs.tell()
    added = statistics.median(pairs.ours) - statistics.median(pairs.baseline)
    print(f"  the engine adds {added * 1000:.0f} ms to an action")
    assert pairs.median < 2.0


def _series(count: int, seconds: float) -> Plan:
    actions = tuple(action(f"a{n}", run_order=n + 1, sleep=seconds) for n in range(count))
    return plan(Stage(name="build", actions=actions))


@pytest.mark.bench
@pytest.mark.timeout(300)
async def test_from_an_opened_gate_to_the_next_action(backend: str, server: str, tmp_path: Path) -> None:
    """By the journal's own times: from the approval to the start of the action behind the gate."""
    waits: list[float] = []
    async with _world(_database(backend, server, tmp_path), tmp_path) as world:
        for _ in range(GATES):
            run = await world.ask(_gated())
            await world.until(run, lambda view: view.run.status.value == "waiting")
            [asked] = [a for a in await world.store.approvals.pending() if a.run == run.id]
            await world.store.approvals.approve(asked.id, "U0BOB", asked.subject)
            world.engines[0].wake()
            await world.ended(run)
            times = {event.kind.value: event.at for event in await world.events(run)}
            waits.append((times["action_started"] - times["approved"]).total_seconds() * 1000)
    told = ", ".join(f"{share:.0%} {percentile(waits, share):.0f}" for share in (0.5, 0.9))
    print(f"\nfrom an opened gate to the next action on {backend}, goal 50% within 100 ms: {told} ms; {load()}")
    assert percentile(waits, 0.5) < 1_000


def _gated() -> Plan:
    gate = Stage(name="approve", approval=True, environment="production")
    live = Stage(name="live", actions=(action("live", uses="deploy"),), environment="production")
    return plan(gate, live, environment=PRODUCTION, others=[HOMOLOG])


@asynccontextmanager
async def _world(url: str, folder: Path) -> AsyncIterator[World]:
    """An engine with the limits that users have."""
    world = await World(url, folder, Limits()).open()
    await world.start()
    try:
        yield world
    finally:
        await world.close()


_made = itertools.count(1)


def _database(backend: str, server: str, folder: Path) -> str:
    """Give the URL of a fresh database."""
    if backend == "sqlite":
        return f"sqlite:///{folder / 'estiva.db'}"
    name = f"bench_{next(_made)}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{server.rpartition('/')[0]}/{name}"


class _Silence:
    """Takes lines, and does nothing with them."""

    def line(self, text: str) -> None:
        pass


async def _bare(runner: Scripted, key: str, folder: Path, seconds: float) -> None:
    """Call the runner as the engine does, and nothing else."""
    run, stage, name, attempt = key.split("/")
    what = Work(
        key=key,
        run=run,
        stage=stage,
        action=name,
        attempt=int(attempt),
        service=service(),
        environment=None,
        registry=Registry(host=""),
        options={"sleep": seconds},
        artifacts={},
        workspace=folder,
    )
    await runner.run(what, _Silence())
