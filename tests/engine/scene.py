"""A bot that is killed: `python -m tests.engine.scene URL FOLDER SCENE`. Started again, it goes on where it was.

`whole`: three runs at once: all the way to production, one that waits for homolog, one that fails. `long`: one that
takes a minute, to be killed or cancelled under way. `busy`: only starts, and says why it cannot.
"""

import asyncio
import sys
from pathlib import Path

from runners.attempt import Limits
from runners.lease import EngineBusy
from storage.model.catalog import Stage
from storage.model.run import Plan
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan

LIMITS = Limits(grace=1.0, backoff=0.05, sweep=0.1, poll=0.05, clean=0.1)


def plans(scene: str) -> list[Plan]:
    if scene == "long":
        return [plan(*pipeline(sleep=60))]
    bad = Stage(name="build", actions=(action("image"), action("test", fail="1 test failed", exit_code=1)))
    return [
        plan(*gated(sleep=0.1), environment=PRODUCTION, others=[HOMOLOG]),
        plan(*pipeline()),
        plan(bad, *pipeline()[1:]),
    ]


async def approve(world: World) -> None:
    for approval in await world.store.approvals.pending():
        await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)


async def main(url: str, folder: Path, scene: str) -> None:
    world = await World(url, folder, LIMITS).open()
    engine = await world.start()
    runs = [await world.ask(plan) for plan in plans(scene)]
    while not all([(await world.store.runs.get(run.id)).status.over for run in runs]):
        await approve(world)
        engine.wake()
        await asyncio.sleep(0.05)
    # the sweep tells nobody that it is done
    while any((world.data / "work").iterdir()) or await world.outside.leftovers():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await world.close()


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
    except EngineBusy as busy:
        sys.exit(str(busy))
