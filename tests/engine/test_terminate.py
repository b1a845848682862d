"""The process is told to stop, at any moment: it ends well and in time, and the next one goes on."""

import asyncio
import time
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from runners.crash import SIGNAL
from storage.model.run import Status
from tests.engine.scripted import Outside
from tests.engine.test_kill import PLACES, check, end, play, played
from tests.engine.world import World

GRACE = 30
"""Seconds that `docs/operations.md` promises."""
MOMENTS = {
    "claimed": "claim.after",
    "in an action": "work.before",
    "in a gate": "wait.after",
    "in the queue for a lock": "lock.after:2",
    "finishing": "finish.before",
}


async def ended_well(process: Process, folder: Path, seconds: float = 60) -> float:
    """Wait until a process is told to stop, and see it end; gives the seconds in between."""
    told = folder / f"stopping-{process.pid}"
    async with asyncio.timeout(seconds):
        while not told.exists() and process.returncode is None:  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)
    began = time.monotonic()
    try:
        async with asyncio.timeout(GRACE):
            _, said = await process.communicate()
    finally:
        await end(process)
    assert process.returncode == 0, said.decode()
    assert told.exists(), "it never came to this place"
    return time.monotonic() - began


async def told_at(place: str, url: str, folder: Path) -> None:
    """Tell it to stop at a place, let another go on, check."""
    await ended_well(await play(url, folder, "whole", place, **{SIGNAL: "SIGTERM"}), folder)
    assert await played(url, folder) == 0
    await check(url, folder)
    assert Outside(folder / "outside").keys("stopped") == [], "what runs outside is left running"


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_stop_loses_and_doubles_nothing(moment: str, tmp_path: Path) -> None:
    await told_at(MOMENTS[moment], f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize("place", PLACES)
async def test_a_stop_at_each_place_loses_and_doubles_nothing(place: str, url: str, tmp_path: Path) -> None:
    await told_at(place, url, tmp_path)


@pytest.mark.sweep
async def test_a_stop_does_not_wait_for_a_runner_that_does_not_heed_it(url: str, tmp_path: Path) -> None:
    """With the limits of production."""
    process = await play(url, tmp_path, "deaf")
    world = await World(url, tmp_path).open()
    try:
        await world.began("hello-1/build/image/1", seconds=60)
        process.terminate()
        print(f"\nstopped within {await ended_well(process, tmp_path):.1f} s")
        assert (await world.store.runs.get("hello-1")).status is Status.RUNNING
    finally:
        await end(process)
        await world.close()
