"""What thousands of waiting runs cost: at a start after a kill, in idle time, and in memory. Nothing, is the goal."""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmarks.measured import Pairs, load
from tests.benchmarks.waiting import fill
from tests.registry import Registry
from tests.sweep.scene import ROOT, Scene, installation

COUNTS = (0, 1_000, 10_000)
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


@pytest.mark.bench
@pytest.mark.timeout(1500)
async def test_a_start_after_a_kill_with_thousands_of_waiting_runs(registry: Registry, registry_folder: Path) -> None:
    idle: dict[int, Idle] = {}
    medians: dict[int, float] = {}
    async with installation(registry, registry_folder) as scene:
        filled = 0
        # a person does not start a bot twenty times a minute
        assert (await scene.people["dev"].control("switch", rate_limits=False))["ok"]
        for count in COUNTS:
            if scene.bot is not None:
                await scene.kill()  # else it would take part in the filling
            await fill(f"sqlite:///{scene.database}", scene.data, scene.folder / "catalog.yml", count - filled)
            filled = count
            pairs = Pairs(f"start with {count} waiting runs beside the imports alone, goal {GOAL}", "s")
            await _start(scene)  # what a first start makes is there from now on
            for _ in range(ROUNDS):
                pairs.baseline.append(await _imports())
                pairs.ours.append(await _start(scene))
            pairs.tell()
            medians[count] = pairs.paired
            idle[count] = await _idle(scene)
        await _goes_on(scene)
    for count, seen in idle.items():
        print(f"  idle with {count} waiting: {seen.share:.2%} of a core, {seen.megabytes:.0f} MB; {load()}")
    assert medians[10_000] < BAR
    assert idle[10_000].share < idle[0].share + 0.05


async def _imports() -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", IMPORTS, cwd=ROOT)
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


async def _goes_on(scene: Scene) -> None:
    """One of the thousands is approved in chat, and goes on: they were waiting indeed."""
    await scene.say("release", "approve hello-5000")
    async with asyncio.timeout(30):
        while not scene.rows("SELECT id FROM runs WHERE id = 'hello-5000' AND leg > 1"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
