"""A keeper of legs in memory, true to what DBOS does: `test_keepers` puts the same cases to both.

Several workers share one `Histories`, which outlives them all, as DBOS's tables do.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from runners.lease import EngineBusy
from runners.leg import Legs, Underway, interpret, patiently
from storage.model.catalog import Json
from tests.simulation.machine import Process

T = TypeVar("T")

_LOOK = 1.0
_KEPT = 7 * 86_400


class State(StrEnum):
    QUEUED = "queued"
    """Taken from a dead worker; whoever looks first goes on with it."""
    PENDING = "pending"
    SUCCESS = "success"
    ERROR = "error"


@dataclass
class Workflow:
    run: str
    leg: int
    worker: str
    token: int
    state: State = State.PENDING
    ended_at: float = 0.0


@dataclass
class Histories:
    """What is kept, whoever dies."""

    shared: bool
    """Several workers at once, as on PostgreSQL; else one, as on SQLite."""
    workflows: dict[tuple[str, int], Workflow] = field(default_factory=dict)
    leases: set[str] = field(default_factory=set)
    tokens: int = 0
    workers: int = 0

    def token(self) -> int:
        self.tokens += 1
        return self.tokens

    def of(self, worker: str) -> list[Workflow]:
        return [w for w in self.workflows.values() if w.state is State.PENDING and w.worker == worker]

    def queue(self, worker: str) -> None:
        for workflow in self.of(worker):
            workflow.state, workflow.token = State.QUEUED, 0


class Keeper:
    """One worker's view of the histories."""

    def __init__(self, histories: Histories, process: Process, legs: Legs, lost: Callable[[], None]) -> None:
        self._histories, self._process, self._legs, self._lost = histories, process, legs, lost
        self._underway = Underway()
        self._chores: list[asyncio.Task[None]] = []
        self._legs_here: set[asyncio.Task[None]] = set()
        self._told = False
        self.worker = ""
        self.stopping = False

    def __len__(self) -> int:
        return len(self._underway)

    def walks(self, run_id: str, leg: int) -> bool:
        return (run_id, leg) in self._underway

    async def start(self) -> None:
        self.stopping = self._told = False
        await self._ask(self._take_lease)
        self._chores = [asyncio.create_task(self._look_for_queued()), asyncio.create_task(self._beat())]

    def _take_lease(self) -> None:
        histories = self._histories
        if not self._process.alive:
            return  # a lock ends with the process that holds it
        if not histories.shared and histories.leases:
            raise EngineBusy("another worker runs")
        histories.workers += 1
        self.worker = f"{self._process.name}-{histories.workers}" if histories.shared else "bot"
        histories.leases.add(self.worker)
        if not histories.shared:
            histories.queue(self.worker)

    async def stop(self, seconds: float = 10.0) -> None:
        self.stopping = True
        await self._underway.rest(seconds)
        for chore in self._chores:
            chore.cancel()
        self._chores = []
        await self._ask(lambda: self._histories.leases.discard(self.worker))

    async def alive(self) -> None:
        held = await self._ask(lambda: self.worker in self._histories.leases)
        if not held and not self._told:
            self._told = True
            self._lost()

    async def lives(self, worker: str) -> bool:
        return self._histories.shared and await self._ask(lambda: worker in self._histories.leases)

    async def begin(self, run_id: str, leg: int) -> None:
        def work() -> Workflow | None:
            if (run_id, leg) in self._histories.workflows:
                return None
            workflow = Workflow(run_id, leg, self.worker, self._histories.token())
            self._histories.workflows[run_id, leg] = workflow
            return workflow

        workflow = await self._ask(work)
        if workflow is not None:
            self._go(workflow)

    async def forget(self, run_id: str, leg: int) -> None:
        def work() -> None:
            found = self._histories.workflows.get((run_id, leg))
            if found is not None and found.state in (State.SUCCESS, State.ERROR):
                del self._histories.workflows[run_id, leg]

        await self._ask(work)

    async def lost_legs(self) -> list[tuple[str, int]]:
        return await self._ask(lambda: [k for k, w in self._histories.workflows.items() if w.state is State.ERROR])

    async def reap(self) -> None:
        def work() -> None:
            histories = self._histories
            workers = {w.worker: None for w in histories.workflows.values() if w.state is State.PENDING}
            for worker in workers:
                if worker not in histories.leases:
                    histories.queue(worker)

        if self._histories.shared:
            await self._ask(work)

    async def prune(self) -> None:
        def work() -> None:
            before = self._process.time() - _KEPT
            over = (State.SUCCESS, State.ERROR)
            for key, workflow in list(self._histories.workflows.items()):
                if workflow.state in over and workflow.ended_at < before:
                    del self._histories.workflows[key]

        await self._ask(work)

    async def _look_for_queued(self) -> None:
        while True:
            for workflow in await self._ask(self._take_queued):
                self._go(workflow)
            await asyncio.sleep(_LOOK * self._process.machine.random.uniform(0.5, 1))

    def _take_queued(self) -> list[Workflow]:
        taken = [w for w in self._histories.workflows.values() if w.state is State.QUEUED]
        for workflow in taken:
            workflow.state, workflow.worker, workflow.token = State.PENDING, self.worker, self._histories.token()
        return taken

    async def _beat(self) -> None:
        while not self._told:
            await asyncio.sleep(_LOOK)
            await self.alive()

    def _go(self, workflow: Workflow) -> None:
        task = asyncio.create_task(self._walk(workflow, workflow.token))
        self._legs_here.add(task)
        task.add_done_callback(self._legs_here.discard)

    async def _walk(self, workflow: Workflow, token: int) -> None:
        state = State.ERROR
        with self._underway.walking(workflow.run, workflow.leg):
            try:
                await interpret(_Plain(self), self._legs, workflow.run, workflow.leg)
                state = State.SUCCESS
            except asyncio.CancelledError:
                if not self.stopping:
                    raise
                return
            except Exception:  # noqa: BLE001 - as DBOS does: it is an `ERROR`, which the sweep finds
                state = State.ERROR
        await self._ask(lambda: self._end(workflow, token, state))

    def _end(self, workflow: Workflow, token: int, state: State) -> None:
        if workflow.state is State.PENDING and workflow.token == token:
            workflow.state, workflow.ended_at = state, self._process.time()

    async def step(self, call: Callable[[Legs], Coroutine[Any, Any, T]]) -> T:
        self._underway.enlist()
        return await patiently(lambda: call(self._legs), lambda: self.stopping)

    async def _ask(self, work: Callable[[], T]) -> T:
        return await self._process.machine.perform(self._process, "keep", lambda: self._arrived(work))

    def _arrived(self, work: Callable[[], T]) -> T:
        """Do what was asked for. On SQLite nothing of a dead process arrives: it was written while that one lived."""
        if not (self._process.alive or self._histories.shared):
            raise ConnectionError("the process that asked is dead")
        return work()


class _Plain:
    """The steps of a leg, which nobody remembers."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def claim(self, run_id: str, leg: int) -> bool:
        return await self._keeper.step(lambda legs: legs.claim(run_id, leg))

    async def move(self, run_id: str, leg: int) -> dict[str, Json]:
        return await self._keeper.step(lambda legs: legs.move(run_id, leg))

    async def act(self, run_id: str, leg: int, stage: str, action: str) -> str:
        return await self._keeper.step(lambda legs: legs.act(run_id, leg, stage, action))
