"""How running actions are told to stop, and why."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from runners.contract import ActionFailed
from storage.model.worded import worded

T = TypeVar("T")


class Why(StrEnum):
    """What ends an action from outside."""

    CANCEL = "cancel"
    SIBLING = "sibling"
    SHUTDOWN = "shutdown"


class Interrupted(Exception):  # noqa: N818 - a wish of somebody, not an error
    """The action was stopped from outside; `watch.why` and `watch.reason` say why."""


async def _always() -> None:
    """Count as alive: there is nobody else."""


Work = asyncio.Future[Any]
_deaf: set[Work] = set()
Place = tuple[str, str, str]
"""Run, stage and action."""


@dataclass(eq=False)
class Watch:
    """One action under way in this process."""

    run: str
    stage: str
    action: str
    steadfast: bool = False
    """No cancellation stops it: it mends what the run has broken, within its own timeout."""
    event: asyncio.Event = field(default_factory=asyncio.Event)
    why: Why | None = None
    reason: str = ""
    alive: Callable[[], Awaitable[None]] = _always
    left: bool = False
    """Its work heeded no cancellation, and may go on: nothing else may touch what it works on."""
    leave: Callable[[Work], None] = field(default=_deaf.add, repr=False)
    """Takes the work that is left behind, so that the loop does not collect it under way."""

    async def still_ours(self) -> None:
        """See that no other process has taken this action over. Raises `Interrupted`.

        Whoever was frozen finds, on waking, that its time is up and its connections are broken: no facts of the work.
        """
        await self.alive()
        if self.why is Why.SHUTDOWN:
            raise Interrupted

    def interrupt(self, why: Why, reason: str) -> None:
        """Stop it. The first cause counts, a later one changes nothing."""
        if self.why is None and not (self.steadfast and why is Why.CANCEL):
            self.why, self.reason = why, reason
            self.event.set()

    def stand_fast(self) -> None:
        """Stop for no cancellation from here on, and not for one that came before either."""
        self.steadfast = True
        if self.why is Why.CANCEL:
            self.why, self.reason = None, ""
            self.event.clear()

    def abandoned(self) -> bool:
        """Tell whether the process is only shutting down, so that outside work is left to be found again."""
        return self.why is Why.SHUTDOWN


class Interrupts:
    """All actions under way in this process."""

    def __init__(
        self, alive: Callable[[], Awaitable[None]] = _always, freed: Callable[[], None] = lambda: None
    ) -> None:
        """Start with none. `alive` returns after `shutdown` was called when this process counts as dead.

        `freed` is called when work that was left behind has ended after all.
        """
        self._alive, self._freed = alive, freed
        self._left: dict[Place, set[Work]] = {}
        self._ended: set[Place] = set()
        self._watches: dict[Watch, None] = {}  # in their order: who began first is told first
        self.stopping = False

    @contextmanager
    def watch(self, run: str, stage: str, action: str) -> Iterator[Watch]:
        """Make an action stoppable while the block runs."""
        place = (run, stage, action)
        watch = Watch(*place, alive=self._alive, leave=lambda work: self._leave(place, work))
        if self.stopping:
            watch.interrupt(Why.SHUTDOWN, "Estiva stops")
        self._watches[watch] = None
        try:
            yield watch
        finally:
            self._watches.pop(watch, None)

    def runs(self) -> list[str]:
        """Ids of the runs that have actions under way here."""
        return list(dict.fromkeys(watch.run for watch in self._watches))

    def __len__(self) -> int:
        """Count the actions under way here."""
        return len(self._watches)

    def cancel(self, run: str, reason: str) -> None:
        """Stop every action of a run because a person said so."""
        for watch in self._of(run):
            watch.interrupt(Why.CANCEL, reason)

    def siblings(self, run: str, stage: str, action: str, reason: str) -> None:
        """Stop the actions that run beside one."""
        for watch in self._of(run):
            if watch.stage == stage and watch.action != action:
                watch.interrupt(Why.SIBLING, reason)

    def shutdown(self) -> None:
        """Stop everything, now and from now on; nothing of it is a fact about the runs."""
        self.stopping = True
        for watch in self._watches:
            watch.interrupt(Why.SHUTDOWN, "Estiva stops")

    def lingers(self, run: str, stage: str, action: str) -> bool:
        """Tell whether work of an action that was left behind still goes on here."""
        return (run, stage, action) in self._left

    def has_ended(self, run: str, stage: str, action: str) -> bool:
        """Tell whether work that was left behind here has ended by itself since."""
        return (run, stage, action) in self._ended

    def _leave(self, place: Place, work: Work) -> None:
        def ended(_: Work) -> None:
            self._left[place].discard(work)
            if self._left[place]:  # another attempt of the same action was left behind as well
                return
            del self._left[place]
            self._ended.add(place)
            self._freed()

        self._left.setdefault(place, set()).add(work)
        work.add_done_callback(ended)

    def _of(self, run: str) -> list[Watch]:
        return [watch for watch in self._watches if watch.run == run]


async def supervised(work: Coroutine[Any, Any, T], watch: Watch, *, timeout: float | None, grace: float) -> T:
    """Run `work` until it ends, `watch` is interrupted, or `timeout` seconds are over.

    Returns its result even when an interruption came too late: what has happened is a fact. Raises `Interrupted`, or
    `ActionFailed` when time is up. A task that does not stop within `grace` seconds after its cancellation is left
    behind (`watch.left`): a runner that ignores cancellation must not hold the run.
    """
    if watch.why is not None:
        work.close()
        raise Interrupted
    task = asyncio.ensure_future(work)
    waiter = asyncio.ensure_future(watch.event.wait())
    try:
        await asyncio.wait({task, waiter}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        by_itself = task.done()
        if not by_itself:
            if watch.why is None:
                await watch.alive()  # else what is stopped now may be another's work
            watch.left = not await _stopped(task, grace)
            if watch.left:
                watch.leave(task)
    finally:
        waiter.cancel()
        if not watch.left:  # to whom a second cancel would only look like an end: a thread of theirs may still be at it
            task.cancel()
    if _counts(task, undisturbed=by_itself and watch.why is None):
        return task.result()
    if watch.why is not None:
        raise Interrupted
    if by_itself:
        raise RuntimeError("the runner cancelled itself: its work neither ended nor failed")
    raise timed_out(timeout or 0)


def timed_out(seconds: float) -> ActionFailed:
    """Word that an action had so many seconds, and needed more."""
    return ActionFailed(
        worded("timed out after {time}", time=spoken(seconds)),
        hint=worded("raise the action's `timeout`, or make it faster"),
        error="timeout",
    )


def _counts(task: Work, *, undisturbed: bool) -> bool:
    """Tell whether the task's end is a fact of the work: a success always is, an error only if we did not cause it."""
    return task.done() and not task.cancelled() and (undisturbed or task.exception() is None)


def spoken(seconds: float) -> str:
    """Say a duration: `90 s`, `30 min`."""
    whole = int(seconds)
    return f"{whole // 60} min" if whole >= 120 and whole % 60 == 0 else f"{seconds:g} s"  # noqa: PLR2004


async def _stopped(task: Work, grace: float) -> bool:
    task.cancel()
    _, deaf = await asyncio.wait({task}, timeout=grace)
    for one in deaf:
        one.add_done_callback(_heard)
    return not deaf


def _heard(task: Work) -> None:
    """Fetch the error that nobody waits for any more."""
    _deaf.discard(task)
    if not task.cancelled():
        task.exception()
