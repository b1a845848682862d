"""A bot that is killed: `python -m tests.engine.scene URL FOLDER SCENE`. Started again, it goes on where it was.

`whole`: three runs at once: all the way to production, one with a pause and a window, one that fails. `long`: one that
takes a minute, to be killed or cancelled under way. `back`: one that deploys, then one whose smoke test fails and puts
that back. `timed`: one whose actions take longer than they may, for whoever watches them from their begin. `pair`: as
`whole`, in two processes side by side, which begin when both are up. `deaf`: one whose action heeds no cancellation.
`deaf deploy`: such a one that is cancelled, and the lock that it leaves.
`worker`: asks for nothing. `busy`: only starts, and says why it cannot.

Each ends when its runs have, or by SIGTERM; then it makes a file, so that one can see from when it stops. At SIGUSR1
somebody cancels all that goes on: it is done when the process goes on where it was.
"""

import asyncio
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runners.engine import Engine
from runners.lease import EngineBusy
from runners.limits import Limits
from storage.model.catalog import OnFailure, Stage
from storage.model.event import Kind
from storage.model.gate import GateKind
from storage.model.run import Plan, Run, Status
from storage.model.window import Window
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, pipeline, plan

LIMITS = Limits(grace=1.0, backoff=0.05, sweep=0.1, poll=0.05, clean=0.1, retire=0.1)
PATIENT = Limits()
"""As in production."""
WHOLE = ("whole", "pair")


def plans(scene: str) -> list[Plan]:
    if scene == "long":
        return [plan(*pipeline(sleep=60))]
    if scene == "deaf":
        return [plan(*pipeline(sleep=60, deaf=True))]
    if scene == "deaf deploy":
        return [plan(*pipeline(sleep=60, deaf=True)[1:])]
    if scene == "timed":
        return [plan(pipeline(sleep=34, timeout=25)[0], *pipeline()[1:])]
    if scene == "back":
        return [plan(*pipeline()[1:]), plan(*pipeline()[1:], smoke())]
    said = ["each run has a log, to be deleted"]
    image = action("image", lines=said)
    asking = pipeline(asks="canary", look_again=0.2)[1]
    bad = Stage(name="build", actions=(image, action("test", fail="1 test failed", exit_code=1)))
    return [
        plan(*gated(sleep=0.1, lines=said), environment=PRODUCTION, others=[HOMOLOG]),
        plan(
            pipeline(lines=said, tells=["half of it"])[0],
            replace(asking, pause=True, window=soon(datetime.now(UTC))),
        ),
        plan(bad, *pipeline()[1:]),
    ]


def smoke() -> Stage:
    """A smoke test that fails, and rolls back."""
    probe = action("probe", fail="404", on_failure=OnFailure.ROLLBACK)
    return Stage(name="smoke", environment="homolog", actions=(probe,))


def soon(now: datetime) -> Window:
    """A window that opens in an hour or two."""
    hour = (now.hour + 2) % 24
    return Window(begins=60 * hour, ends=60 * hour + 60)


async def pause(world: World, run: Run) -> None:
    """Pause a run, once in its life, before it has begun."""
    if Kind.PAUSED.value not in await world.kinds(run):
        await world.store.gates.pause(run.id, "U0CAT")


async def open_gates(world: World, run: Run) -> None:
    """Let people approve and resume, and time pass."""
    for approval in await world.store.approvals.pending():
        await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    for gate in await world.store.gates.closed(run.id):
        resting = (await world.store.runs.get(run.id)).status is Status.WAITING
        if gate.kind is GateKind.HOLD and not resting:
            continue  # paused, and not yet seen to be
        if gate.opens_at is None:
            await world.store.gates.open(gate.run, gate.stage, gate.kind, "U0BOB")
        elif gate.opens_at > world.now():
            pass_time(world, gate.opens_at - world.now())


def pass_time(world: World, more: timedelta) -> None:
    """Let time pass for all processes; it does not go back when one of them dies."""
    world.ahead += more
    new = world.folder / f"ahead-{os.getpid()}"
    new.write_text(str(world.ahead.total_seconds()))
    new.replace(world.folder / "ahead")


def keep_up(world: World) -> None:
    """Be as late as it is for the others."""
    told = world.folder / "ahead"
    if told.exists():
        world.ahead = max(world.ahead, timedelta(seconds=float(told.read_text())))


def up(folder: Path) -> int:
    """How many processes are up, or were."""
    return len([*folder.glob("up-*")])


async def play(world: World, engine: Engine, scene: str) -> None:
    """Ask for the runs of a scene and bring them to their end, with all that follows it."""
    runs: list[Run] = []
    for planned in plans(scene):
        runs.append(await world.ask(planned))
        if scene == "back":
            await world.ended(runs[-1], seconds=40)
        if scene in WHOLE and len(runs) == 2:
            await pause(world, runs[1])
        if scene == "deaf deploy" and not (await world.store.runs.get(runs[0].id)).status.over:
            await world.began(f"{runs[0].id}/deploy/release/1")
            await engine.cancel(runs[0].id, "U0BOB")
    while not all([(await world.store.runs.get(run.id)).status.over for run in runs]):
        keep_up(world)
        for run in runs:
            await open_gates(world, run)
        engine.wake()
        await asyncio.sleep(0.05)
    # the sweep tells nobody that it is done
    while any((world.data / "work").iterdir()) or await world.outside.leftovers():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    while await world.store.locks.queues():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    while world.forgets and await world.store.logs.kept():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def cancel_all(url: str, folder: Path) -> None:
    """Cancel all runs that go on, as another process would: what is at work here stands still meanwhile."""
    canceller = threading.Thread(target=lambda: asyncio.run(_cancel_all(url, folder)))
    canceller.start()
    canceller.join()


async def _cancel_all(url: str, folder: Path) -> None:
    other = await World(url, folder).open()
    for run in await other.store.runs.active():
        await other.store.runs.request_cancel(run.id, "U0BOB")
    await other.close()
    (folder / "cancelled").touch()


async def main(url: str, folder: Path, scene: str) -> None:
    stopping = asyncio.Event()
    signal.signal(signal.SIGUSR1, lambda *_: cancel_all(url, folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    world = await World(url, folder, PATIENT if scene == "deaf" else LIMITS, forgets=scene in WHOLE).open()
    keep_up(world)
    engine = await world.start()
    (folder / f"up-{os.getpid()}").touch()
    while scene == "pair" and up(folder) < 2:  # noqa: ASYNC110 - the other one makes it
        await asyncio.sleep(0.02)
    playing = asyncio.create_task(stopping.wait() if scene == "worker" else play(world, engine, scene))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        (folder / f"stopping-{os.getpid()}").touch()
        playing.cancel()
        await asyncio.wait({playing})
    stopped.cancel()
    await world.close()
    if not playing.cancelled():
        await playing  # raises what went wrong


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
    except EngineBusy as busy:
        sys.exit(str(busy))
