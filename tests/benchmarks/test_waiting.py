"""What thousands of waiting runs cost: at a start after a kill, in idle time, and in memory. Nothing, is the goal."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import postgres
from tests.benchmarks.measured import Pairs, load
from tests.benchmarks.waiting import QUEUED, fill, prepare
from tests.registry import Registry
from tests.sweep.scene import ROOT, Scene, installation

MANY = int(os.environ.get("ESTIVA_WAITING", "10000"))
"""Fewer only show that the benchmark works."""
COUNTS = (0, MANY // 10, MANY)
ROUNDS = 5
IDLE = 20.0
GOAL, LONGEST = 1.5, 3.0
BAR = 4.0
IMPORTS = "import bot.cli.serve, bot.compose, docker"
"""What a bot has read before it does anything."""


@dataclass(frozen=True)
class Idle:
    """A bot that nobody asks for anything."""

    share: float
    """Of one core."""
    megabytes: float


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database; empty: the bot's own SQLite file."""
    if request.param == "sqlite":
        yield ""
        return
    with postgres.server() as server:
        yield postgres.fresh(server)


@pytest.mark.bench
@pytest.mark.timeout(1500)
async def test_a_start_after_a_kill_with_thousands_of_waiting_runs(
    database: str, registry: Registry, registry_folder: Path
) -> None:
    idle: dict[int, Idle] = {}
    medians: dict[int, float] = {}
    on = "PostgreSQL" if database else "SQLite"
    async with installation(registry, registry_folder, (QUEUED,), database) as scene:
        filled = 0
        # a person does not start a bot twenty times a minute
        assert (await scene.people["dev"].control("switch", rate_limits=False))["ok"]
        where = (database or f"sqlite:///{scene.database}", scene.data, scene.folder / "catalog.yml")
        await prepare(*where)
        for count in COUNTS:
            if scene.bot is not None:
                await scene.kill()  # else it would take part in the filling
            await fill(*where, count - filled)
            filled = count
            pairs = Pairs(f"{on}: start with {count} waiting runs beside the imports alone, goal {GOAL}", "s")
            await _start(scene)  # what a first start makes is there from now on
            for _ in range(ROUNDS):
                pairs.baseline.append(await _imports())
                pairs.ours.append(await _start(scene))
            pairs.tell()
            medians[count] = pairs.paired
            idle[count] = await _idle(scene)
            assert _parked(scene) == count + 1  # and the one that holds the queue
        await _goes_on(scene)
    for count, seen in idle.items():
        print(f"  {on}: idle with {count} waiting: {seen.share:.2%} of a core, {seen.megabytes:.0f} MB; {load()}")
    assert medians[MANY] < BAR
    assert idle[MANY].share < idle[0].share + 0.05


async def _imports() -> float:
    began = time.perf_counter()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", IMPORTS, cwd=ROOT, env=environment)
    assert await process.wait() == 0
    return time.perf_counter() - began


async def _start(scene: Scene) -> float:
    """Kill it, start it; seconds from the start of the process until it serves and has looked at what waits."""
    if scene.bot is not None and scene.bot.returncode is None:
        await scene.kill()
    began = time.perf_counter()
    assert await scene.live(look=0.01)
    return time.perf_counter() - began


async def _idle(scene: Scene) -> Idle:
    assert scene.bot is not None
    before = _processor(scene.bot.pid)
    await asyncio.sleep(IDLE)
    share = (_processor(scene.bot.pid) - before) / IDLE
    return Idle(share, _resident(scene.bot.pid))


def _resident(pid: int) -> float:
    """Megabytes of memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def _processor(pid: int) -> float:
    """Seconds of processor time so far, all threads: what `clock_getcpuclockid` gives for the process."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def _parked(scene: Scene) -> int:
    return int(scene.rows("SELECT count(*) AS parked FROM runs WHERE phase = 'parked'")[0]["parked"])


async def _goes_on(scene: Scene) -> None:
    """One is approved in chat and one resumed, and both go on, to the lock: they were waiting indeed."""
    approved = scene.rows("SELECT run FROM approvals WHERE decision = 'pending' AND run LIKE 'hello-%'")[-1]["run"]
    paused = scene.rows("SELECT run FROM gates WHERE kind = 'pause' AND settled_at IS NULL")[-1]["run"]
    for words, run in ("approve", approved), ("resume", paused):
        await scene.say("release", f"{words} {run}")
        async with asyncio.timeout(30):
            while not scene.rows(f"SELECT id FROM runs WHERE id = '{run}' AND leg > 1"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
