"""The engine dies by SIGKILL at moments that nobody chose, again and again. Counted: what it loses or does twice."""

import asyncio
import os
import random
import time
from asyncio.subprocess import Process
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import postgres
from tests.benchmarks.measured import load
from tests.engine.test_kill import end, goes_on, play

KILLS = int(os.environ.get("ESTIVA_KILLS", "100"))
"""On each database."""
SEED = int(os.environ.get("ESTIVA_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
IN_A_SERIES = 5
"""Kills of the same three runs: they are to come to their end nevertheless."""
RUNS = 3


@dataclass
class Tally:
    """What happened."""

    chance: random.Random
    workers: int
    """How many there are at once."""
    kills: int = 0
    runs: int = 0
    wrong: list[str] = field(default_factory=list)

    async def series(self, url: str, folder: Path) -> None:
        """Kill whoever works on three runs, then let them end and check."""
        self.runs += RUNS
        alive = [await play(url, folder) for _ in range(self.workers)]
        try:
            for _ in range(min(IN_A_SERIES, KILLS - self.kills)):
                await asyncio.sleep(self.chance.uniform(0.5, 4.0))
                victim = self.chance.randrange(self.workers)
                await self._killed(alive[victim])
                alive[victim] = await play(url, folder)
        finally:
            await end(*alive[1:])
        await self._ended(alive[0], url, folder)

    async def _killed(self, victim: Process) -> None:
        if victim.returncode is None:
            victim.kill()
            self.kills += 1
        _, said = await victim.communicate()
        if victim.returncode not in (0, -9):
            self.wrong.append(f"I14: a process ended with {victim.returncode}: {said.decode()[-500:]}")

    async def _ended(self, last: Process, url: str, folder: Path) -> None:
        try:
            async with asyncio.timeout(90):
                await last.communicate()
            await goes_on(url, folder)
        except (AssertionError, TimeoutError) as failure:
            self.wrong.append(f"{folder.name}: {failure!r}")
        finally:
            await end(last)

    def tell(self, database: str, seconds: float) -> None:
        print(f"\nkills at random moments, {database}, {self.workers} at once, ESTIVA_SEED={SEED}")
        print(f"  {self.kills} kills, {self.runs} runs, {len(self.wrong)} violations, {seconds:.0f} s; {load()}")


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iterator[str]]:
    """Fresh databases."""
    if request.param == "sqlite":
        yield (f"sqlite:///{tmp_path / str(number) / 'estiva.db'}" for number in range(KILLS))
        return
    with postgres.server() as server:
        yield (postgres.fresh(server) for _ in range(KILLS))


@pytest.mark.bench
@pytest.mark.timeout(1_800)
async def test_nothing_is_lost_or_done_twice(urls: Iterator[str], tmp_path: Path) -> None:
    tally, began = Tally(random.Random(SEED), workers=1), time.monotonic()
    for number, url in enumerate(urls):
        if tally.kills >= KILLS:
            break
        database = url.partition(":")[0].partition("+")[0]
        tally.workers = 1 if database == "sqlite" else 2
        folder = tmp_path / str(number)
        folder.mkdir()
        await tally.series(url, folder)
    tally.tell(database, time.monotonic() - began)
    assert tally.wrong == []
    assert tally.kills == KILLS
