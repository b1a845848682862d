"""Virtual time, and processes that die: many event loops in one thread, in an order that the seed decides.

Each process is an event loop of its own. It has no clock but the machine's, which stands still while anything is ready
and then jumps to the next timer. Whatever a process does outside of itself goes through `Machine.perform`: there it
takes time, fails, or is the last thing that the process did.
"""

import asyncio
import heapq
import itertools
import sqlite3
import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Disk(Executor):
    """Marks what goes to the database; nothing is ever submitted to it: see `Process.run_in_executor`."""


class Fate(StrEnum):
    """What becomes of one effect."""

    DONE = "done"
    REFUSED = "refused"
    """It does not happen, and the caller learns that."""
    UNCLEAR = "unclear"
    """It happens, and the caller only learns that the connection is gone."""
    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"


class Process(asyncio.BaseEventLoop):
    """One process: its tasks, its timers, and whether it lives."""

    def __init__(self, machine: "Machine", name: str) -> None:
        super().__init__()
        self.machine = machine
        self.name = name
        self.alive = True
        self.stopped = False
        """By SIGSTOP: it does nothing, and does not know."""
        self.troubles: list[str] = []
        """What its event loop would have logged: an exception that nobody fetched."""
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self.machine.now

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if self.alive:
            self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if self.alive:
            heapq.heappush(self._timers, (when, next(self.machine.serial), handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it where it is; it is skipped when its time comes."""

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        task = super().create_task(coro, name=name, context=context)
        self._tasks.append(task)
        return task

    def run_in_executor(self, executor: Any, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> "asyncio.Future[T]":
        """Run it here: no thread has a place in a world where the seed decides. On the `Disk` it may go wrong."""
        return self.machine.perform(self, "disk" if isinstance(executor, Disk) else "thread", lambda: func(*args))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self.alive:
            self.troubles.append(f"{context.get('message')}: {context.get('exception')!r}")

    def report(self, task: "asyncio.Task[Any]") -> None:
        """Note what a task of the world's own went wrong with."""
        if self.alive and not task.cancelled() and (error := task.exception()) is not None:
            self.troubles.append("".join(traceback.format_exception(error)))

    def due(self) -> float | None:
        """Say when it has something to do."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if self._ready:
            return self.machine.now
        return max(self.machine.now, self._timers[0][0]) if self._timers else None

    def step(self) -> None:
        """Do one thing."""
        while self._timers and self._timers[0][0] <= self.machine.now:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled():
                self._ready.append(timer)
        if not self._ready:
            return
        handle = self._ready.popleft()
        if handle.cancelled():
            return
        asyncio._set_running_loop(self)  # noqa: SLF001 - what every event loop does
        try:
            handle._run()  # noqa: SLF001 - the same
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - the same

    def die(self) -> None:
        """End as by SIGKILL: nothing of it runs any more, no `finally`, no callback."""
        self.alive = False
        self._ready.clear()
        self._timers.clear()

    def bury(self) -> None:
        """Free what a dead process still holds; its `finally` blocks run into the void."""
        self.die()
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001 - it is meant to be
                _close(task.get_coro())
        self._tasks.clear()
        self.close()


def _close(coroutine: Any) -> None:
    for _ in range(10):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - whatever it still wanted to do
            continue
        return


@dataclass
class Machine:
    """The time, the processes, and the order in which things happen."""

    seed: int
    fate: Callable[[Process, str], Fate] = lambda _process, _kind: Fate.DONE
    latency: Callable[[str], float] = lambda _kind: 0.0
    error: Callable[[str, Fate], Exception] = lambda kind, fate: ConnectionError(f"{kind}: {fate}")
    died: Callable[[Process], None] = lambda _process: None
    now: float = 0.0
    trace: list[str] = field(default_factory=list)
    serial: "itertools.count[int]" = field(default_factory=itertools.count)
    random: Random = field(init=False)
    processes: list[Process] = field(default_factory=list)
    """Those that live."""
    graves: list[Process] = field(default_factory=list)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def note(self, text: str) -> None:
        self.trace.append(f"{self.now:10.4f}  {text}")

    def process(self, name: str) -> Process:
        process = Process(self, name)
        self.processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        if process.alive:
            self.note(f"{process.name}: dies")
            process.die()
            self.processes.remove(process)
            self.graves.append(process)
            self.died(process)

    def at(self, when: float, event: Callable[[], None]) -> None:
        """Have something happen at a time, to nobody's process."""
        heapq.heappush(self._events, (max(when, self.now), next(self.serial), event))

    def perform(self, process: Process, kind: str, effect: Callable[[], T]) -> "asyncio.Future[T]":
        """Do something outside of a process: it takes a while there and back, and each way may be the last."""
        answer: asyncio.Future[T] = process.create_future()
        if not process.alive:
            return answer  # the dead do nothing

        def arrive(error: Exception | None, result: Any) -> None:
            if not process.alive or answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        def happen() -> None:
            # what a dead process had sent may arrive or not; nobody waits for the answer
            fate = self.fate(process, kind) if process.alive else self.random.choice([Fate.DONE, Fate.DIES_BEFORE])
            if fate is not Fate.DONE:
                self.note(f"{process.name}: {kind} {fate}")
            error, result = self._done(fate, kind, effect)
            if fate in (Fate.DIES_BEFORE, Fate.DIES_AFTER):
                self.kill(process)
            self.at(self.now + self.latency(kind), lambda: arrive(error, result))

        self.at(self.now + self.latency(kind), happen)
        return answer

    def _done(self, fate: Fate, kind: str, effect: Callable[[], T]) -> tuple[Exception | None, T | None]:
        if fate in (Fate.DIES_BEFORE, Fate.REFUSED):
            return self.error(kind, fate), None
        try:
            result = effect()
        except sqlite3.Error:
            raise  # it is a question of the test itself that is wrong: the store's own come in another form
        except Exception as error:  # noqa: BLE001 - it is the caller's
            return error, None
        return (self.error(kind, fate) if fate is Fate.UNCLEAR else None), result

    def spawn(self, process: Process, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start a task in a process."""
        asyncio._set_running_loop(process)  # noqa: SLF001 - tasks ask for the loop that runs
        try:
            task = process.create_task(work)
            task.add_done_callback(process.report)
            return task
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001 - the same

    def run(self, over: Callable[[], bool], until: float) -> bool:
        """Let things happen until `over` says so, which is asked as time passes. False when time is up."""
        while self.now <= until:
            ready = [process for process in self.processes if not process.stopped and process.due() == self.now]
            if ready:
                (ready[0] if len(ready) == 1 else self.random.choice(ready)).step()
            elif self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            elif over():
                return True
            elif not self._advance():
                return over()
        return False

    def _advance(self) -> bool:
        times = [due for process in self.processes if not process.stopped and (due := process.due()) is not None]
        if self._events:
            times.append(self._events[0][0])
        if not times:
            return False
        self.now = max(self.now, min(times))
        return True

    def close(self) -> None:
        for process in [*self.processes, *self.graves]:
            process.bury()
