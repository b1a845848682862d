"""A whole world in one thread: workers with the real engine and store, people, and everything that goes wrong."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from runners.engine import Engine
from runners.limits import Limits
from storage.database import UNREACHABLE, Database, OutcomeUnknown
from storage.logs import Logs
from storage.model.catalog import Registry
from storage.model.event import Kind
from storage.model.request import Request, Via
from storage.model.run import Plan
from storage.redact import MASK, Redactor
from storage.store import Store
from tests.invariants import Evidence, evidence, violations
from tests.simulation import deeds
from tests.simulation.keeper import Histories, Keeper
from tests.simulation.machine import Disk, Fate, Machine, Process
from tests.simulation.outside import Outside
from tests.simulation.scenario import Scenario, scenario
from tests.simulation.scripted import SECRET, Scripted, said

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = 900.0
"""Seconds after the last trouble in which everything has to come to its end."""
LEASE = 10.0
"""How long the server waits for one who says nothing."""
_DELIVERED = 20.0
_ASLEEP = """
SELECT mine.run FROM locks mine JOIN runs ON runs.id = mine.run AND runs.phase = 'parked'
WHERE NOT EXISTS (SELECT 1 FROM locks WHERE service = mine.service AND environment = mine.environment
                  AND token < mine.token)
AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.run = mine.run AND decision = 'pending')
AND NOT EXISTS (SELECT 1 FROM gates WHERE gates.run = mine.run AND settled_at IS NULL)"""
_LATENCY = {"disk": 0.004, "keep": 0.003, "call": 0.02, "fatal": 0.02, "thread": 0.001, "slack": 0.05}


class Ground:
    """What one world after the other stands on: a database file and the connections to it, emptied in between."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(f"sqlite:///{folder / 'estiva.db'}", Disk())
        asyncio.run(self._migrate())
        self.raw = sqlite3.connect(folder / "estiva.db", isolation_level=None)
        self._empty = sqlite3.connect(":memory:")
        self.raw.backup(self._empty)

    async def _migrate(self) -> None:
        store = await Store.open(f"sqlite:///{self.folder / 'estiva.db'}", self.folder / "data")
        await store.close()

    def clear(self) -> None:
        self._empty.backup(self.raw)
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def close(self) -> None:
        self.raw.close()
        self._empty.close()
        self.database.close_here()


@dataclass
class Worker:
    """One process of ours, alive or waiting to be started again."""

    world: "World"
    name: str
    process: Process = field(init=False)
    store: Store = field(init=False)
    engine: Engine = field(init=False)
    keeper: Keeper | None = None
    ready: bool = False

    def boot(self) -> None:
        world = self.world
        self.ready = False
        self.process = world.machine.process(self.name)
        redactor = Redactor((SECRET,))
        logs = Logs(world.ground.folder / "data" / "logs", redactor, background=False)
        self.store = Store.over(world.ground.database, logs, redactor, world.clock)
        runners = {kind: Scripted(kind, world.outside, self.process) for kind in ("script", "deploy")}
        self.engine = Engine(
            self.store,
            runners,
            lambda: Registry(host="127.0.0.1:5001"),
            world.ground.folder / "data",
            clock=world.clock,
            limits=Limits(sweep=world.scenario.sweep, grace=3.0, backoff=1.0),
            keeper=self._keeper,
        )
        world.machine.spawn(self.process, self._main())

    def _keeper(self, legs: object, lost: Callable[[], None]) -> Keeper:
        self.keeper = Keeper(self.world.histories, self.process, legs, lost)  # type: ignore[arg-type]
        return self.keeper

    async def _main(self) -> None:
        await self.engine.start()
        while not self.ready:
            try:
                left = await self.store.requests.unanswered()
            except UNREACHABLE:
                await asyncio.sleep(1)
                continue
            self.ready = True
            for request in left:
                await deeds.opened(self, request, self.world.plans[request.id])

    async def leave(self) -> None:
        """Stop as by SIGTERM."""
        self.ready = False
        await self.engine.stop()


@dataclass
class World:
    """Everything of one seed."""

    seed: int
    ground: Ground
    acknowledged: dict[str, None] = field(default_factory=dict)
    """Requests that were: nobody delivers them again."""
    plans: dict[str, Plan] = field(default_factory=dict)
    """Id of a request -> what it asks for."""
    ahead: timedelta = timedelta(0)
    scenario: Scenario = field(init=False)
    machine: Machine = field(init=False)
    histories: Histories = field(init=False)
    outside: Outside = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)
    """Deliveries that nobody has acknowledged yet."""
    breaches: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scenario = scenario(random.Random(self.seed))
        self.machine = Machine(self.seed, self._fate, self._latency, _error, self._died)
        self.histories = Histories(shared=self.scenario.shared)
        self.outside = Outside(lambda: self.machine.now, self.ground.raw, self._plan_of)

    def clock(self) -> datetime:
        return BEGIN + timedelta(seconds=self.machine.now) + self.ahead

    def play(self) -> list[str]:
        """Let it all happen; say what was broken at the end."""
        self.ground.clear()
        try:
            self._people()
            self._faults()
            for number in range(self.scenario.workers):
                self.workers.append(Worker(self, f"w{number}"))
                self.workers[-1].boot()
            in_time = self.machine.run(self._over, self.scenario.trouble_until + LIVE)
            found = self._look()
            return found if in_time else [*found, f"I1: not over in time: {self._stuck()}"]
        finally:
            self.machine.close()

    def journal(self) -> list[tuple[object, ...]]:
        """Give all facts as they stand in the database."""
        question = "SELECT chain, position, run, kind, actor, at, data, hash FROM journal ORDER BY id"
        return self.ground.raw.execute(question).fetchall()

    # what people do

    def _people(self) -> None:
        chance = self.machine.random
        for number, plan in enumerate(self.scenario.plans):
            request = Request(
                id=f"msg/T1/C1/{number}",
                via=Via.MENTION,
                team="T1",
                channel="C1",
                user=deeds.REQUESTER,
                text="deploy hello to homolog",  # the same text each time: it is another request all the same
                at=BEGIN,
            )
            self.plans[request.id] = plan
            self._deliver(chance.uniform(0, 5) * number, request.id, _asking(request, plan))
        for name in self.scenario.deeds:
            self._deliver(chance.uniform(0.5, 25), name, _doing(name, chance.randrange(12)))

    def _deliver(self, when: float, name: str, work: Callable[[Worker], Awaitable[None]]) -> None:
        times = 2 if "twice" in self.scenario.faults and self.machine.random.random() < 0.5 else 1
        for _ in range(times):
            number = next(self.machine.serial)
            self.waiting.add(number)
            self.machine.at(when, _handing(self, number, name, work))

    def hand_over(self, number: int, name: str, work: Callable[[Worker], Awaitable[None]]) -> None:
        """Give it to some process; again, later, as long as none has said that it has done it."""
        if number not in self.waiting or name in self.acknowledged:
            return self.waiting.discard(number)
        awake = [worker for worker in self.workers if worker.ready and worker.process.alive]
        if awake:
            worker = self.machine.random.choice(awake)
            self.machine.note(f"{worker.name}: {name}")
            self.machine.spawn(worker.process, self._take(worker, number, name, work))
        return self.machine.at(self.machine.now + (_DELIVERED if awake else 1), _handing(self, number, name, work))

    def acknowledge(self, request: str) -> None:
        """Say that a request will be seen to, whatever happens."""
        self.acknowledged[request] = None

    async def _take(self, worker: Worker, number: int, name: str, work: Callable[[Worker], Awaitable[None]]) -> None:
        try:
            await work(worker)
        except UNREACHABLE as error:
            self.machine.note(f"{worker.name}: {name}: {type(error).__name__}")
        else:
            self.waiting.discard(number)

    # what goes wrong

    def _faults(self) -> None:
        chance, end = self.machine.random, self.scenario.trouble_until
        for name, fault in FAULTS.items():
            if name in self.scenario.faults:
                for _ in range(chance.choice([1, 2, 4, 8])):
                    self.machine.at(chance.uniform(0.2, end), _calling(fault, self))
        self.machine.at(end, self._calm)

    def some(self) -> Worker | None:
        alive = [worker for worker in self.workers if worker.process.alive and not worker.process.stopped]
        return self.machine.random.choice(alive) if alive else None

    def _calm(self) -> None:
        self.ahead = timedelta(0)
        for worker in self.workers:
            worker.process.stopped = False
        # what nobody resumes, and what a jump of the clock has put off until much later
        self.machine.at(self.machine.now + 150, self._end_all)

    def _end_all(self) -> None:
        for (run,) in self.ground.raw.execute(_ASLEEP).fetchall():
            self.breaches.append(f"I13: {run} is first in a queue, waits for nobody, and sleeps")
        self._deliver(self.machine.now, "end all", deeds.cancel_all)

    def calm(self) -> bool:
        return self.machine.now >= self.scenario.trouble_until

    def _fate(self, process: Process, kind: str) -> Fate:
        if kind == "fatal":
            return self.machine.random.choice([Fate.DIES_BEFORE, Fate.DIES_AFTER, Fate.DONE])
        if self.calm() or process.name == "looking":
            return Fate.DONE
        faults, roll = self.scenario.faults, self.machine.random.random()
        if "kill in an effect" in faults and roll < 0.01:
            return self.machine.random.choice([Fate.DIES_BEFORE, Fate.DIES_AFTER])
        troubled = ("disk" in faults and kind == "disk") or ("calls" in faults and kind == "call")
        if troubled and roll < 0.05:
            return self.machine.random.choice([Fate.REFUSED, Fate.UNCLEAR])
        return Fate.DONE

    def _latency(self, kind: str) -> float:
        chance = self.machine.random
        if "slow" in self.scenario.faults and not self.calm() and chance.random() < 0.01:
            return chance.uniform(1, 8)
        return chance.uniform(0.1, 1) * _LATENCY[kind]

    def _died(self, process: Process) -> None:
        worker = next(worker for worker in self.workers if worker.process is process)
        worker.ready = False
        self.let_go(worker)
        pause = self.machine.random.choice([0.1, 1, 5, 20])
        self.machine.at(self.machine.now + pause, worker.boot)

    def let_go(self, worker: Worker) -> None:
        """Have the server notice that a worker is gone, or seems to be."""
        if worker.keeper is not None:
            self.histories.leases.discard(worker.keeper.worker)

    # how it ends

    def _over(self) -> bool:
        if self.waiting:
            return False
        open_still = "SELECT id FROM runs WHERE phase <> 'closed' UNION SELECT id FROM requests WHERE reply IS NULL"
        open_still += " UNION SELECT run FROM locks"  # the lock of a run that is over goes a little later, if need be
        if self.ground.raw.execute(open_still).fetchone():
            return False
        work = self.ground.folder / "data" / "work"
        return not (work.exists() and any(work.iterdir())) and all(worker.ready for worker in self.workers)

    def _stuck(self) -> list[tuple[object, ...]]:
        question = "SELECT id, phase, status, leg FROM runs WHERE phase <> 'closed'"
        return [("deliveries", len(self.waiting)), *self.ground.raw.execute(question).fetchall()]

    def _look(self) -> list[str]:
        """Check everything, from a process of its own."""
        looking = Worker(self, "looking")
        looking.process = self.machine.process("looking")
        redactor = Redactor((SECRET,))
        logs = Logs(self.ground.folder / "data" / "logs", redactor, background=False)
        store = Store.over(self.ground.database, logs, redactor, self.clock)
        task = self.machine.spawn(looking.process, self._found(store))
        self.machine.run(task.done, self.machine.now + 60)
        plans = [plan for run, plan in self._opened().items() if run]
        deaf = {f"{s.name}/{a.name}" for plan in plans for s in plan.stages for a in s.actions if a.options.get("deaf")}
        found = replace(
            task.result(),
            asked=list(self.acknowledged),
            effects=self.outside.begun(),
            work=("script", "deploy"),
            # who ignores a cancellation cannot be stopped: what it leaves is for the clean-up of orphans
            left=[key for key in self.outside.left() if "/".join(key.split("/")[1:3]) not in deaf],
            breaches=[*self.breaches, *self.outside.breaches, *self._troubles()],
        )
        return violations(found)

    async def _found(self, store: Store) -> Evidence:
        """Read what the store knows, and the logs of what succeeded."""
        found = await evidence(store)
        logs: dict[str, tuple[list[str], list[str]]] = {}
        for told in found.runs:
            actions = {(s.stage.name, a.action.name): a.action for s in told.view.stages for a in s.actions}
            for event in told.of(Kind.ACTION_SUCCEEDED):
                stage, name, attempt = (str(event.data[word]) for word in ("stage", "action", "attempt"))
                key = f"{told.run.id}/{stage}/{name}/{attempt}"
                kept = await store.logs.read(told.run.id, stage, name, int(attempt))
                logs[key] = said(key, actions[stage, name].options, MASK), kept
        return replace(found, logs=logs, secrets=(SECRET,))

    def _troubles(self) -> list[str]:
        return [
            f"I14: {process.name}: {trouble}"
            for process in (*self.machine.processes, *self.machine.graves)
            for trouble in process.troubles
        ]

    def _opened(self) -> dict[str, Plan]:
        rows = self.ground.raw.execute("SELECT id, request FROM runs").fetchall()
        return {run: self.plans[request] for run, request in rows}

    def _plan_of(self, run: str) -> Plan:
        return self._opened()[run]


def _asking(request: Request, plan: Plan) -> Callable[[Worker], Awaitable[None]]:
    return lambda worker: deeds.ask(worker, request, plan)


def _doing(name: str, pick: int) -> Callable[[Worker], Awaitable[None]]:
    return lambda worker: deeds.DEEDS[name](worker, pick)


def _handing(world: World, number: int, name: str, work: Callable[[Worker], Awaitable[None]]) -> Callable[[], None]:
    return lambda: world.hand_over(number, name, work)


def _calling(fault: Callable[[World], None], world: World) -> Callable[[], None]:
    return lambda: None if world.calm() else fault(world)


def _error(kind: str, fate: Fate) -> Exception:
    if kind != "disk":
        return ConnectionError(f"{kind}: {fate}")
    if fate is Fate.UNCLEAR:
        return OutcomeUnknown("the database connection was lost during a commit")
    return OperationalError("", None, sqlite3.OperationalError("unable to open database file"))


def _kill(world: World) -> None:
    if worker := world.some():
        world.machine.kill(worker.process)


def _restart(world: World) -> None:
    worker = world.some()
    if worker is None or not worker.ready:
        return
    process = worker.process
    world.machine.note(f"{worker.name}: is told to stop")
    task = world.machine.spawn(process, worker.leave())
    task.add_done_callback(lambda _: world.machine.kill(process))
    world.machine.at(world.machine.now + 10, lambda: world.machine.kill(process))


def _suspend(world: World) -> None:
    """SIGSTOP, for longer than the server waits, then SIGCONT."""
    if worker := world.some():
        process = worker.process
        process.stopped = True
        world.machine.note(f"{worker.name}: stands still")
        if world.histories.shared:
            _forget(world, worker)
        wake = world.machine.now + world.machine.random.choice([2, 11, 13, 20, 30])

        def go_on() -> None:
            if process.stopped:
                world.machine.note(f"{worker.name}: goes on")
                process.stopped = False

        world.machine.at(wake, go_on)


def _partition(world: World) -> None:
    """The connection that proves a worker alive is cut; the worker notices at its next beat."""
    worker = world.some()
    if worker is not None and world.histories.shared:
        world.machine.note(f"{worker.name}: loses its lease")
        world.let_go(worker)


def _forget(world: World, worker: Worker) -> None:
    process = worker.process
    world.machine.at(world.machine.now + LEASE, lambda: world.let_go(worker) if process.stopped else None)


def _clock(world: World) -> None:
    jump = world.machine.random.choice([-7200, -1, 1, 3600])
    world.machine.note(f"the clock jumps by {jump} s")
    world.ahead += timedelta(seconds=jump)


FAULTS: dict[str, Callable[[World], None]] = {
    "kill": _kill,
    "restart": _restart,
    "suspend": _suspend,
    "partition": _partition,
    "clock": _clock,
}
"""Those that happen at a moment; the others are in `World._fate` and `World._latency`."""

__all__ = ["FAULTS", "Ground", "Worker", "World"]
