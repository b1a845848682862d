"""Thousands of worlds, each drawn from its seed: the whole engine with people, faults and deaths, in virtual time.

`ESTIVA_SEED=1234` plays that one world and prints what happened in it.
"""

import gc
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.simulation.world import Ground, World

FEW = int(os.environ.get("ESTIVA_WORLDS", "40"))
MANY = 5_000
_SHARE = 50
"""Seeds that one process plays at a time."""


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        ground = Ground(Path(folder))
        yield ground
        ground.close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What goes wrong is meant to; millions of lines about it are not."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _memory() -> str | None:
    """Find a folder in memory: nothing here has to outlive the power."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def played(seed: int, ground: Ground) -> tuple[World, list[str]]:
    world = World(seed, ground)
    return world, world.play()


def told(world: World, broken: Sequence[str]) -> str:
    """Tell what happened in a world, so that one can see why."""
    facts = [" ".join(map(str, row[2:6])) for row in world.journal()]
    return "\n".join([*world.machine.trace, "", *facts, "", *broken, f"play it again: ESTIVA_SEED={world.seed}"])


def _wanted() -> list[int]:
    named = os.environ.get("ESTIVA_SEED")
    return [int(seed) for seed in named.split(",")] if named else list(range(FEW))


@pytest.mark.parametrize("seed", _wanted())
def test_a_world_holds_what_must_hold(seed: int, ground: Ground) -> None:
    world, broken = played(seed, ground)
    if "ESTIVA_SEED" in os.environ:
        print(told(world, broken))
    assert not broken, told(world, broken)


@pytest.mark.parametrize("seed", [3, 7, 11])
def test_a_seed_plays_the_same_world_each_time(seed: int, ground: Ground) -> None:
    first, _ = played(seed, ground)
    journal, trace = first.journal(), first.machine.trace
    gc.collect()
    again, _ = played(seed, ground)
    assert again.journal() == journal
    assert again.machine.trace == trace
    assert len(journal) > 3


def _share(seeds: Sequence[int]) -> list[tuple[int, list[str]]]:
    logging.disable(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(dir=_memory()))
    ground = Ground(folder)
    try:
        return [(seed, broken) for seed in seeds if (broken := played(seed, ground)[1])]
    finally:
        ground.close()
        shutil.rmtree(folder)


@pytest.mark.sweep
@pytest.mark.timeout(3_600)
def test_thousands_of_worlds_hold_what_must_hold() -> None:
    seeds = range(FEW, FEW + MANY)
    shares = [seeds[start : start + _SHARE] for start in range(0, MANY, _SHARE)]
    since = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        broken = [one for share in pool.map(_share, shares) for one in share]
    print(f"\n{MANY} worlds in {time.monotonic() - since:.0f} s, {len(broken)} of them broken")
    assert not broken, "\n".join(f"ESTIVA_SEED={seed}: {what}" for seed, what in broken[:20])
