"""The engine: walks runs, leg by leg, through crashes, waits and cancellations.

Order of calls: `start` once (it continues what was under way), `wake` whenever something may be ready, `cancel` as
people ask, `stop` at the end (outside work is left running, to be found again).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from runners.attempt import Attempts
from runners.chore import Chore
from runners.contract import Cleaner, Runner
from runners.durable import Durable
from runners.interrupt import Interrupts
from runners.leg import Keeper, patiently
from runners.limits import Limits
from runners.lingering import Lingering
from runners.orphans import Orphans
from runners.progress import Progress
from runners.sweep import Sweep
from runners.walk import STALE, Move, Walk
from runners.workspaces import Workspaces
from storage.codec import Unreadable
from storage.fence import Claim, Overtaken, holding
from storage.model.catalog import Json, Registry
from storage.model.hold import Freeze
from storage.store import Store

_log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """Runs what the store says is ready. One per process while it is started."""

    def __init__(
        self,
        store: Store,
        runners: Mapping[str, Runner],
        registry: Callable[[], Registry],
        data: Path,
        *,
        url: str = "sqlite://",
        clock: Callable[[], datetime] = _now,
        limits: Limits | None = None,
        keeper: Keeper | None = None,
        cleaners: Sequence[Cleaner] = (),
        retire: Callable[[], Awaitable[object]] | None = None,
        beside: Sequence[Chore] = (),
        freezes: Callable[[], Sequence[Freeze]] = tuple,
    ) -> None:
        """`url` is the store's: SQLite (one process, own file `data/engine.db`) or PostgreSQL (several).

        `keeper` makes another keeper of legs than DBOS. `cleaners` are the places outside, besides the workspaces under
        `data`, where ended runs may have left things. `retire` removes what is kept no longer, now and then.
        `freezes` are the catalog's, as they are now; what is done `beside` goes on while this worker does.
        """
        self.limits = limits or Limits()
        self._store = store
        self._interrupts = Interrupts(self._alive, self.wake)
        self._walk = Walk(store, clock, freezes)
        self._attempts = Attempts(
            store, runners, registry, data, clock, self._interrupts, self.limits, lambda: self._durable.worker
        )
        self._durable = keeper(self, self._lose) if keeper else Durable(url, data, self, self._lose, self.limits.poll)
        self._workspaces = Workspaces(data / "work")
        orphans = Orphans(store, (self._workspaces, *cleaners), self._interrupts.runs)
        chores = [Chore("clean", orphans.clear, self.limits.clean), *beside]
        if retire is not None:
            chores.append(Chore("retire", retire, self.limits.retire, first=min(60.0, self.limits.retire)))
        lingering = Lingering(store, self._attempts, self._interrupts, self._durable)
        self._sweep = Sweep(store, self._durable, self._interrupts, chores, clock, self._walk.barriers, lingering)
        self._walked: dict[tuple[str, int], tuple[Claim, Progress]] = {}
        """The legs that are walked here."""
        self._ring = asyncio.Event()
        """A run may go on, or is to stop."""
        self._call = asyncio.Event()
        """Somebody wants everything to be looked at."""
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = False
        self._looked_at: float | None = None
        """When the last look around ended, or the engine started."""

    async def start(self) -> None:
        """Start, and continue what was under way. Raises `EngineBusy` when another process has the SQLite files."""
        await self._durable.start()
        self._looked_at = asyncio.get_running_loop().time()
        self._tasks = [
            asyncio.create_task(self._glance(), name="glance"),
            asyncio.create_task(self._go_round(), name="sweep"),
            asyncio.create_task(self._store.bell.listen(self._ring.set), name="bell"),
        ]

    async def stop(self) -> None:
        """Come to rest within seconds and write nothing about it; the next start goes on."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        self._interrupts.shutdown()
        await self._durable.stop(self.limits.grace + 5)
        await self._sweep.close()
        self._workspaces.close()

    def wake(self) -> None:
        """Look around now: something may be ready."""
        self._ring.set()
        self._call.set()

    async def cancel(self, run_id: str, by: str) -> bool:
        """Ask a run to stop and interrupt what of it runs here. False when it is over or was asked before."""
        asked = await self._store.runs.request_cancel(run_id, by)
        if asked:
            self._interrupts.cancel(run_id, f"cancelled by {by}")
            self.wake()
        return asked

    def health(self) -> dict[str, Json]:
        """Say how it goes; `ok` is false when the look around stands still or fails."""
        age = None if self._looked_at is None else asyncio.get_running_loop().time() - self._looked_at
        alive = bool(self._tasks) and not any(task.done() for task in self._tasks)
        failing: dict[str, Json] = {**self._sweep.failing}
        untidy = {chore.name for chore in self._sweep.chores}  # runs go on all the same
        return {
            "ok": alive and not failing.keys() - untidy and age is not None and age < 10 * max(1.0, self.limits.sweep),
            "worker": self._durable.worker,
            "legs": len(self._durable),
            "actions": len(self._interrupts),
            "seconds_since_sweep": None if age is None else round(age, 3),
            "failing": failing,
            "limits": asdict(self.limits),
        }

    async def own(self, run_id: str, leg: int) -> None:
        """Take a leg from whoever had it (asked by the durable part)."""
        claim = await patiently(lambda: self._walk.claim(run_id, leg), lambda: self._durable.stopping)
        if claim is not None:
            self._walked[run_id, leg] = claim, Progress(self._store, run_id)

    def disown(self, run_id: str, leg: int) -> None:
        """Forget a leg (asked by the durable part)."""
        self._walked.pop((run_id, leg), None)

    async def claim(self, run_id: str, leg: int) -> bool:
        """Tell whether the leg is ours (asked by the durable part)."""
        return (run_id, leg) in self._walked

    async def move(self, run_id: str, leg: int) -> Move:
        """Find the next move of a leg (asked by the durable part)."""
        with self._writing(run_id, leg) as progress:
            return await self._walk.move(progress, leg) if progress else STALE

    async def act(self, run_id: str, leg: int, stage: str, action: str) -> str:
        """Bring an action to its end (asked by the durable part)."""
        with self._writing(run_id, leg) as progress:
            return await self._attempts.act(progress, leg, stage, action) if progress else "stale"

    async def broke(self, run_id: str, leg: int, error: BaseException) -> None:
        """End a run whose leg went wrong (asked by the durable part).

        Raises `asyncio.CancelledError` when the process shuts down, the leg is another's by now, or only a newer Estiva
        can read what it is about: nothing is written, and the leg is not over.
        """
        await self._alive()
        if self._interrupts.stopping:
            raise asyncio.CancelledError("Estiva stops") from error
        if isinstance(error, Unreadable):
            _log.error("leg %s/%d is left to a newer Estiva: %s; replace this process soon", run_id, leg, error)
            raise asyncio.CancelledError("a newer Estiva goes on with it") from error
        with self._writing(run_id, leg) as progress:
            if progress:
                await self._walk.broke(run_id, leg, error)
        self.wake()

    @contextmanager
    def _writing(self, run_id: str, leg: int) -> Iterator[Progress | None]:
        """Write about a run as the one who walks it; the block gets what we know of it, or `None` when we are not.

        Raises `asyncio.CancelledError` when somebody else has taken it up meanwhile: the leg is not over by that.
        """
        walked = self._walked.get((run_id, leg))
        if walked is None:
            yield None
            return
        claim, progress = walked
        try:
            with holding(claim):
                yield progress
        except Overtaken as overtaken:
            _log.warning("%s; it goes on there", overtaken)
            raise asyncio.CancelledError(str(overtaken)) from overtaken

    async def _glance(self) -> None:
        """Do at once what a ring is about, however long a round takes."""
        while True:
            if self._lost:
                await self._relaunch()
            self._ring.clear()
            await self._sweep.glance()
            await self._until(self._ring)

    async def _go_round(self) -> None:
        while True:
            self._call.clear()
            if not self._lost:
                await self._sweep.round()
                self._looked_at = asyncio.get_running_loop().time()
            await self._until(self._call)

    async def _until(self, event: asyncio.Event) -> None:
        """Wait for an event, at most until it is time to look anyway."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.sweep):
                await event.wait()

    async def _alive(self) -> None:
        """See that this worker still counts as alive; when it does not, it has let go of everything on return."""
        await self._durable.alive()

    def _lose(self) -> None:
        """Learn that this worker no longer counts as alive: others may take its legs, so it lets go of them at once."""
        self._lost = True
        self._interrupts.shutdown()
        self._durable.stopping = True
        self.wake()

    async def _relaunch(self) -> None:
        """Begin anew under another name, as soon as the database can be reached."""
        await self._durable.stop(self.limits.grace)
        while True:
            try:
                await self._durable.start()
            except Exception as error:  # noqa: BLE001 - whatever it is, there is nothing to do but to try again
                _log.error("the engine cannot start again yet: %s", error)
                await asyncio.sleep(1)
            else:
                self._interrupts.stopping = False
                self._lost = False
                return
