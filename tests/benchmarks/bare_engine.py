"""Our engine: runs of five actions that do nothing. `bare_engine.py URL FOLDER RUNS`; prints the seconds that they
took, by the clock and of the processor.

Everything that a run has is there: the request, the journal with its chain, locks, legs, logs; only Slack is not.
"""

import asyncio
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from runners.limits import Limits
from storage.model.catalog import Stage
from storage.model.run import Plan
from tests.engine.scripted import Nothing
from tests.engine.world import World, action, plan

AT_ONCE = 20
LIMITS = Limits(parallel=64)


def five() -> Plan:
    """Five actions, one after the other, as the bare workflow has five steps."""
    actions = tuple(action(f"a{n}", run_order=n, uses="nothing") for n in range(1, 6))
    return plan(Stage(name="build", actions=actions))


async def main(url: str, folder: Path, runs: int) -> None:
    """Run so many, some at once."""
    world = await World(url, folder, LIMITS, more={"nothing": Nothing()}).open()
    await world.start()
    await _all(world, 3)
    began, spent = time.perf_counter(), time.process_time()
    await _all(world, runs)
    print(time.perf_counter() - began, time.process_time() - spent, flush=True)
    await world.close()


async def _all(world: World, runs: int) -> None:
    """Keep some runs going until all have ended."""
    left = runs
    while left or await _open(world):
        room = min(left, AT_ONCE - await _open(world))
        await asyncio.gather(*(world.ask(five()) for _ in range(room)))
        left -= room
        await asyncio.sleep(0.02)


async def _open(world: World) -> int:
    """Count the runs that go on, with hardly any work."""
    counted = sa.text("SELECT count(*) FROM runs WHERE phase <> 'closed'")
    return int(await world.store.database.read(lambda session: session.connection().execute(counted).scalar_one()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
