"""DBOS, and nothing else knows it: who walks which leg, and its recovery.

A leg is one workflow `leg/2` with id `run/leg`: the interpreter of moves in `leg`. It has no steps of DBOS's: the
journal says what is done, and a checkpoint beside each fact would cost more than the fact. What an older Estiva began
as `leg/1` goes on by the checkpoints that it left.
"""

import asyncio
import logging
import socket
import sqlite3
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from runners.lease import EngineBusy, FileLease, SessionLease
from runners.leg import Legs, Steps, Underway, interpret, patiently
from storage.model.catalog import Json
from storage.pragmas import set_safely
from storage.sessions import FROZEN_SECONDS

T = TypeVar("T")

_log = logging.getLogger(__name__)
_dbos_log = logging.getLogger("dbos")
_LOST = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_KEPT = timedelta(days=7)


class Durable:
    """Starts legs so that they survive the process. DBOS is one per process, and so is this while it is started."""

    def __init__(self, url: str, data: Path, legs: Legs, lost: Callable[[], None], poll: float = 1.0) -> None:
        """`url` is the store's; on SQLite the engine has its own file `data/engine.db`. `lost`: the lease is gone.

        `poll`: seconds between two looks of DBOS for messages. We send none, but `stop` waits for the last look.
        """
        self._url, self._data, self._legs, self._lost, self._poll = url, data, legs, lost, poll
        self._lite = url.startswith("sqlite")
        self._engine: sa.Engine | None = None
        self._lease: FileLease | SessionLease | None = None
        self._underway = Underway()
        self.worker = ""
        self.stopping = False

    def __len__(self) -> int:
        """Count the legs under way here."""
        return len(self._underway)

    def walks(self, run_id: str, leg: int) -> bool:
        """Tell whether a leg is under way here."""
        return (run_id, leg) in self._underway

    async def start(self) -> None:
        """Take the lease, launch DBOS on the running loop, recover what was under way. Raises `EngineBusy`."""
        global _here  # noqa: PLW0603 - DBOS itself is a global of the process
        if _here is not None:
            raise EngineBusy("an engine already runs in this process")
        self.stopping = False
        self.worker = "bot" if self._lite else f"{socket.gethostname()}-{uuid.uuid4()}"
        self._lease = FileLease(self._data) if self._lite else SessionLease(self._url, self.worker, self._lost)
        await self._lease.take()
        _here = self
        try:
            DBOS(config=self._config())
            DBOS.launch()
        except BaseException:
            await self._shut_down()
            raise

    async def stop(self, seconds: float = 10.0) -> None:
        """Let the legs come to rest (whoever interrupts their actions did so before), then end DBOS."""
        self.stopping = True
        await self._underway.rest(seconds)
        await self._shut_down()

    async def alive(self) -> None:
        """See that we still count as alive; when we do not, `lost` has been called on return."""
        if isinstance(self._lease, SessionLease):
            await self._lease.prove()

    async def lives(self, worker: str) -> bool:
        """Tell whether another worker than this one still counts as alive (on SQLite there is no other)."""
        if not isinstance(self._lease, SessionLease):
            return False
        async with self._lease.of_the_dead(worker) as dead:
            return not dead

    async def begin(self, run_id: str, leg: int) -> None:
        """Start a leg. One that was started before is left as it is."""
        with SetWorkflowID(f"{run_id}/{leg}"):
            await DBOS.start_workflow_async(_leg_2, {"run": run_id, "leg": leg})

    async def forget(self, run_id: str, leg: int) -> None:
        """Forget a leg that is over, so that it can begin once more; the store decides whether it may.

        For a store that is younger than this history: restored from a backup, or begun afresh beside it.
        """
        found = await DBOS.list_workflows_async(
            workflow_ids=[f"{run_id}/{leg}"], status=["SUCCESS", *_LOST], load_input=False, load_output=False
        )
        if found:
            _log.warning("leg %s/%d is over here, but the store has it ready: it begins once more", run_id, leg)
            await DBOS.delete_workflows_async([w.workflow_id for w in found])

    async def lost_legs(self) -> list[tuple[str, int]]:
        """Return (run, leg) of recent workflows that died: by an error of the engine itself, or an operator's hand."""
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        found = await DBOS.list_workflows_async(
            status=_LOST,
            completed_after=since,
            name=["leg/1", "leg/2"],
            load_input=False,
            load_output=False,
            limit=200,
            sort_desc=True,
        )
        return [(run, int(leg)) for run, _, leg in (w.workflow_id.rpartition("/") for w in found)]

    async def reap(self) -> None:
        """Take over the legs of workers that died (PostgreSQL; on SQLite there is only one)."""
        if not isinstance(self._lease, SessionLease):
            return
        pending = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        for worker in {w.executor_id for w in pending if w.executor_id} - {self.worker}:
            async with self._lease.of_the_dead(worker) as dead:
                if dead:
                    await self._adopt(worker)

    async def prune(self) -> None:
        """Delete the history of legs that ended a week ago; the journal keeps what matters."""
        before = (datetime.now(UTC) - _KEPT).isoformat()
        old = await DBOS.list_workflows_async(
            status=["SUCCESS", *_LOST], end_time=before, load_input=False, load_output=False, limit=500
        )
        if old:
            await DBOS.delete_workflows_async([w.workflow_id for w in old])

    async def _adopt(self, worker: str) -> None:
        theirs = await DBOS.list_workflows_async(
            status="PENDING", executor_id=worker, load_input=False, load_output=False
        )
        for workflow in theirs:
            _log.warning("leg %s of the dead worker %s is taken over", workflow.workflow_id, worker)
            await DBOS.resume_workflow_async(workflow.workflow_id, queue_name=workflow.queue_name)

    def _config(self) -> DBOSConfig:
        if not any(isinstance(handler, logging.NullHandler) for handler in _dbos_log.handlers):
            _dbos_log.addHandler(logging.NullHandler())  # else DBOS adds one of its own and stops propagation
            _dbos_log.addFilter(_worth_reading)
        config: DBOSConfig = {
            "name": "estiva",
            "application_version": "1",  # for ever: another value strands every leg under way
            "executor_id": self.worker,
            "max_executor_threads": 64,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": self._poll,
            "notification_coalesce_sec": self._poll,  # it wakes up 100 times a second for messages that nobody sends
        }
        if self._lite:
            self._engine = sqlite_engine(self._data / "engine.db")
            return {**config, "system_database_engine": self._engine, "system_database_url": str(self._engine.url)}
        return {
            **config,
            "system_database_url": self._url,
            "dbos_system_schema": "dbos",
            "sys_db_idle_transaction_timeout_sec": FROZEN_SECONDS,
        }

    async def _shut_down(self) -> None:
        global _here  # noqa: PLW0603 - see `start`
        if _here is not self:
            return  # never started, or stopped: DBOS may be another one's by now
        loop = asyncio.get_running_loop()
        # the default pool is DBOS's and ends with it, and others need one meanwhile
        loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="estiva"))
        with ThreadPoolExecutor(1, "estiva-engine-stop") as own:
            await loop.run_in_executor(own, DBOS.destroy)
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        if self._lease is not None:
            await self._lease.free()
            self._lease = None
        _here = None

    @contextmanager
    def walking(self, run_id: str, leg: int) -> Iterator[Legs]:
        """Count a leg as under way."""
        with self._underway.walking(run_id, leg):
            yield self._legs

    async def step(self, call: Callable[[Legs], Coroutine[Any, Any, T]]) -> T:
        """Do a step of a leg."""
        self._underway.enlist()
        return await patiently(lambda: call(self._legs), lambda: self.stopping)


_here: Durable | None = None


def _now() -> Durable:
    if _here is None:
        raise RuntimeError("a leg runs without an engine")
    return _here


class _Plain:
    """The steps, which nobody remembers but the journal."""

    @staticmethod
    async def claim(run_id: str, leg: int) -> bool:
        return await _now().step(lambda legs: legs.claim(run_id, leg))

    @staticmethod
    async def move(run_id: str, leg: int) -> dict[str, Json]:
        return await _now().step(lambda legs: legs.move(run_id, leg))

    @staticmethod
    async def act(run_id: str, leg: int, stage: str, action: str) -> str:
        return await _now().step(lambda legs: legs.act(run_id, leg, stage, action))


class _Checkpointed:
    """The same as DBOS remembers them in what an older Estiva began; frozen, by name and by order."""

    claim = staticmethod(DBOS.step(name="claim/1")(_Plain.claim))
    move = staticmethod(DBOS.step(name="move/1")(_Plain.move))
    act = staticmethod(DBOS.step(name="action/1")(_Plain.act))


@DBOS.workflow(name="leg/1", max_recovery_attempts=None)
async def _leg_1(spec: dict[str, Any]) -> str:
    return await _walk(_Checkpointed(), spec)


@DBOS.workflow(name="leg/2", max_recovery_attempts=None)
async def _leg_2(spec: dict[str, Any]) -> str:
    return await _walk(_Plain(), spec)


async def _walk(steps: Steps, spec: dict[str, Any]) -> str:
    run_id, leg = str(spec["run"]), int(spec["leg"])
    with _now().walking(run_id, leg) as legs:
        return await interpret(steps, legs, run_id, leg)


def _worth_reading(record: logging.LogRecord) -> bool:
    """Leave out what DBOS warns about each time we stop on purpose."""
    return not str(record.msg).startswith("Asyncio task cancelled for workflow or step")


def sqlite_engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=10, max_overflow=0)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        set_safely(connection, path)

    return engine
