"""A leg, step by step, whoever keeps it going: DBOS (`durable`), or the simulation of the tests.

The journal says what of a leg is done, so nothing else remembers it: a leg that is taken up again begins at its begin.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from storage.database import UNREACHABLE
from storage.model.catalog import Json

T = TypeVar("T")

_log = logging.getLogger(__name__)
_PATIENCE = 600.0
_MOST_MOVES = 1_000


class Steps(Protocol):
    """The steps of a leg. Each may be called again at any time, after it has returned too: it finds what is done."""

    async def claim(self, run_id: str, leg: int) -> bool:
        """Take the leg; false when there is nothing to do."""

    async def move(self, run_id: str, leg: int) -> dict[str, Json]:
        """Find the next move: `do` is `act` (with `stage`, `actions`), `again`, or a word that ends the leg."""

    async def act(self, run_id: str, leg: int, stage: str, action: str) -> str:
        """Bring an action to its end; returns its status."""


class Legs(Steps, Protocol):
    """What a leg does."""

    async def own(self, run_id: str, leg: int) -> None:
        """Become the one who walks the leg: from now on whoever walked it before writes nothing.

        Called each time that the leg is taken up.
        """

    def disown(self, run_id: str, leg: int) -> None:
        """Learn that the leg is not walked here any more."""

    async def broke(self, run_id: str, leg: int, error: BaseException) -> None:
        """Learn that the leg went wrong."""


class Durability(Protocol):
    """Keeps legs going through the death of processes.

    A leg is begun once by its (run, leg), and taken up again, from its begin, until it has ended: at the earliest when
    its worker is known to be dead. One that comes back late calls no further step and ends nothing any more.
    """

    worker: str
    """The name under which this process works, new at each start where several work at once."""
    stopping: bool
    """True from the moment in which no step may begin here."""

    def __len__(self) -> int:
        """Count the legs under way here."""

    def walks(self, run_id: str, leg: int) -> bool:
        """Tell whether a leg is under way here."""

    async def start(self) -> None:
        """Prove this worker alive, then go on with what it had under way. Raises `lease.EngineBusy`."""

    async def stop(self, seconds: float = 10.0) -> None:
        """Let the legs come to rest (whoever interrupts their actions did so before); they are not over by that."""

    async def alive(self) -> None:
        """See that this worker still counts as alive; when it does not, it was told so (see `Keeper`) on return."""

    async def lives(self, worker: str) -> bool:
        """Tell whether another worker than this one still counts as alive."""

    async def begin(self, run_id: str, leg: int) -> None:
        """Start a leg. One that was started before is left as it is."""

    async def forget(self, run_id: str, leg: int) -> None:
        """Forget a leg that is over, so that it can begin once more; the store decides whether it may."""

    async def lost_legs(self) -> list[tuple[str, int]]:
        """Return (run, leg) of recent legs that died: by an error of the engine itself, or an operator's hand."""

    async def reap(self) -> None:
        """Take over the legs of workers that died."""

    async def prune(self) -> None:
        """Delete the history of legs that ended long ago."""


async def interpret(steps: Steps, legs: Legs, run_id: str, leg: int) -> str:
    """Make moves until one ends the leg, and return its word. What a step returns decides, nothing else."""
    try:
        await legs.own(run_id, leg)
        return await _moves(steps, run_id, leg)
    except Exception as error:  # noqa: BLE001 - ours or the keeper's: the run must never be stuck in silence
        await legs.broke(run_id, leg, error)
        return "broken"
    finally:
        legs.disown(run_id, leg)


async def _moves(steps: Steps, run_id: str, leg: int) -> str:
    if not await steps.claim(run_id, leg):
        return "stale"
    for _ in range(_MOST_MOVES):
        move = await steps.move(run_id, leg)
        match move:
            case {"do": "act", "stage": str(stage), "actions": [*actions]}:
                # exceptions are collected, so that no sibling is left behind in a leg that has ended
                ends = await asyncio.gather(
                    *(steps.act(run_id, leg, stage, str(action)) for action in actions), return_exceptions=True
                )
                for end in ends:
                    if isinstance(end, BaseException):
                        raise end
            case {"do": "again"}:
                pass
            case _:
                return str(move["do"])
    raise RuntimeError(f"the walk did not come to an end within {_MOST_MOVES} moves")


async def patiently(call: Callable[[], Coroutine[Any, Any, T]], stopping: Callable[[], bool]) -> T:
    """Call, and call again while the database cannot be reached; everything here may be repeated.

    Raises `asyncio.CancelledError` when the process shuts down, so that the leg does not count as ended.
    """
    now = asyncio.get_running_loop().time
    until = now() + _PATIENCE
    while not stopping():
        try:
            return await call()
        except UNREACHABLE as error:
            if now() > until:
                raise
            _log.warning("the database does not answer, trying again: %s", error)
            await asyncio.sleep(1)
    raise asyncio.CancelledError("Estiva stops")


class Underway:
    """The legs under way in this process, and the tasks that walk them."""

    def __init__(self) -> None:
        """Start with none."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._walking: set[str] = set()

    def __len__(self) -> int:
        """Count the legs."""
        return len(self._walking)

    def __contains__(self, leg: tuple[str, int]) -> bool:
        """Tell whether a leg, by its run and number, is among them."""
        return "{}/{}".format(*leg) in self._walking

    @contextmanager
    def walking(self, run_id: str, leg: int) -> Iterator[None]:
        """Count a leg while the block runs."""
        name = f"{run_id}/{leg}"
        self._walking.add(name)
        self.enlist()
        try:
            yield
        finally:
            self._walking.discard(name)

    def enlist(self) -> None:
        """Note the calling task, so that `rest` waits for it."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def rest(self, seconds: float) -> None:
        """Wait until all have come to rest, and cancel those that do not within so many seconds."""
        await self._wait(seconds)
        for task in list(self._tasks):
            _log.warning("one of the legs %s did not come to rest within %g s", sorted(self._walking), seconds)
            task.cancel()
        await self._wait(2)

    async def _wait(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


Keeper = Callable[[Legs, Callable[[], None]], Durability]
"""Makes what keeps an engine's legs; its second argument is called when this worker no longer counts as alive."""
