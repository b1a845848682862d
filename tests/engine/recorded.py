"""What an Estiva of the past left behind when it was killed: kept for ever, so that every later one goes on with it.

`python -m tests.engine.recorded NAME` records one more, with the code as it is; do so before a release that changes
tables, legs or plans.
"""

import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from storage.model.catalog import Stage
from storage.model.run import Status
from tests.engine.scene import LIMITS
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan

HISTORIES = Path(__file__).parent / "histories"
BEGUN = (
    *("hello-1/build/image/1", "hello-1/build/test/1", "hello-1/deploy/release/1"),
    *("hello-2/build/image/1", "hello-2/build/test/1", "hello-3/deploy/release/1"),
    *("hello-4/build/image/1", "hello-4/build/test/1"),
)
"""What was outside in that moment."""
_FILES = {"store": "estiva.db", "engine": "data/engine.db"}


async def play(folder: Path) -> None:
    """One run waits for approval, one builds, one holds homolog, one waits for homolog: then the power fails."""
    world = await World(f"sqlite:///{folder / 'estiva.db'}", folder, LIMITS).open()
    await world.start()
    waiting = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    await world.until(waiting, lambda view: view.run.status is Status.WAITING)
    building = await world.ask(plan(pipeline(sleep=3600)[0], *pipeline()[1:]))
    for name in ("image", "test"):
        await world.began(f"{building.id}/build/{name}/1")
    release = action("release", uses="deploy", sleep=3600)
    holder = await world.ask(plan(Stage(name="deploy", actions=(release,), environment="homolog")))
    await world.began(f"{holder.id}/deploy/release/1")
    queued = await world.ask(plan(*pipeline()))
    await world.until(queued, lambda view: view.run.status is Status.WAITING)
    os.kill(os.getpid(), signal.SIGKILL)


def load(name: str, folder: Path) -> None:
    """Put what was recorded into place."""
    (folder / "data").mkdir(parents=True)
    for part, file in _FILES.items():
        with closing(sqlite3.connect(folder / file)) as database:
            database.executescript((HISTORIES / name / f"{part}.sql").read_text())


def _dump(folder: Path, name: str) -> None:
    (HISTORIES / name).mkdir()
    for part, file in _FILES.items():
        with closing(sqlite3.connect(folder / file)) as database:
            (HISTORIES / name / f"{part}.sql").write_text("\n".join(database.iterdump()) + "\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        if child := os.fork():
            os.waitpid(child, 0)
            _dump(Path(made), sys.argv[1])
        else:
            asyncio.run(play(Path(made)))
