"""The look around: what may start, what expired, what was cancelled elsewhere, what is left over.

Waiting is a row, so somebody has to look at the rows. Each part is harmless when repeated and when done by several
workers at once; a part that fails is logged and does not keep the others from their turn.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from runners.barriers import Barriers
from runners.chore import Chore
from runners.crash import crash_here
from runners.interrupt import Interrupts
from runners.leg import Durability
from runners.lingering import Lingering
from runners.walk import cancelled_by, view_of
from storage.due import Task
from storage.model.run import Status
from storage.model.worded import worded
from storage.store import Store

_log = logging.getLogger(__name__)
_SELDOM = 10
_RARELY = 3_600


@dataclass(slots=True)
class Sweep:
    """Does the rounds."""

    store: Store
    durable: Durability
    interrupts: Interrupts
    chores: Sequence[Chore]
    """What is done beside the rounds."""
    clock: Callable[[], datetime]
    barriers: Barriers
    lingering: Lingering
    rounds: int = 0
    failing: dict[str, str] = field(default_factory=dict)
    """Part -> what went wrong in the last round."""
    _begun: dict[tuple[str, int], int] = field(default_factory=dict)
    """Leg that is ready -> in how many rounds in a row it was begun."""

    async def glance(self) -> None:
        """Look only for what a ring may be about: a run that is to stop, or that may go on."""
        await self._part("cancel", self._cancel)
        await self._part("start", self._start)

    async def round(self) -> None:
        """Look around once; what that makes ready rings, and the next glance follows at once."""
        tasks = {
            Task.EXPIRE: self._expire,
            Task.LOOK_AGAIN: self._look_again,
            Task.OPEN: self._open,
            Task.REMIND: self._remind,
            Task.LET_IN: self.barriers.let_in,
            Task.LET_GO: self.lingering.let_go,
        }
        due = await self._due()
        for task, work in tasks.items():
            await self._part(task, work if task in due else _nothing)
        await self._part("reap", self.durable.reap)
        for chore in self.chores:
            chore.begin(partial(self._part, chore.name, chore.work))
        if self.rounds % _SELDOM == 0:
            await self._part("mend", self._mend)
        if self.rounds % _RARELY == 0:
            await self._part("prune", self.durable.prune)
        self.rounds += 1

    async def _due(self) -> Collection[Task]:
        """Ask once whether there is anything to do; where that cannot be told, each task sees for itself."""
        found: Collection[Task] = frozenset(Task)

        async def look() -> None:
            nonlocal found
            found = await self.store.due.at(self.clock())

        await self._part("look", look)
        return found

    async def close(self) -> None:
        """Let go of what goes on beside the rounds."""
        for chore in self.chores:
            await chore.stop()

    async def _part(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - it shows in `health`, and the other parts go on
            if name not in self.failing:
                _log.exception("sweep: %s failed; it is tried again each round", name)
            self.failing[name] = f"{type(error).__name__}: {error}"[:300]
        else:
            self.failing.pop(name, None)

    async def _start(self) -> None:
        ready = await self.store.runs.ready()
        self._begun = {key: self._begun.get(key, 0) + 1 for key in ready}
        for run_id, leg in ready:
            if self.durable.walks(run_id, leg):
                continue  # begun, and about to say so
            if self._begun[run_id, leg] % _SELDOM == 0:
                await self.durable.forget(run_id, leg)
            crash_here("begin.before")
            await self.durable.begin(run_id, leg)
            crash_here("begin.after")

    async def _expire(self) -> None:
        await self.store.approvals.expire(self.clock())

    async def _look_again(self) -> None:
        """Let actions that wait for people see whether somebody answered elsewhere."""
        await self.store.questions.look_again(self.clock())

    async def _open(self) -> None:
        """Open the gates that the clock opens."""
        for gate in await self.store.gates.due(self.clock()):
            crash_here("open.before")
            await self.store.gates.open(gate.run, gate.stage, gate.kind)
            crash_here("open.after")

    async def _remind(self) -> None:
        await self.store.reminders.send(self.clock())

    async def _cancel(self) -> None:
        """Notice what another process was told."""
        for run_id in await self.store.runs.to_cancel(self.interrupts.runs()):
            _, view, _ = await view_of(self.store, run_id)
            self.interrupts.cancel(run_id, cancelled_by(view))

    async def _mend(self) -> None:
        """End the runs whose leg was lost to an error of the engine: never stuck in silence."""
        lost = await self.durable.lost_legs()
        ready = await self.store.runs.ready() if lost else []
        for run_id, leg in lost:
            if (run_id, leg) in ready:
                continue  # that history is an older store's: the leg is only about to begin
            run = await self.store.runs.get(run_id)
            if run.leg == leg and not run.status.over:
                reason = worded("leg {leg} was lost to an error: see the log", leg=leg)
                await self.store.runs.finish(run_id, Status.BROKEN, reason)
                self.interrupts.cancel(run_id, "its leg was lost")  # after the end, so that nothing is written after it


async def _nothing() -> None:
    """Do what is to be done where nothing is: what went wrong before is over."""
