"""Several builds of one file, each with a copy of the source: in parallel, or as they depend on each other.

Each is a build with a key of its own: whoever comes back after a crash does the batch again, and finds each of its
builds where it is by then.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from runners import job
from runners.buildspec import prepare
from runners.buildspec.batch_record import BatchRecord
from runners.buildspec.build import Build, threaded
from runners.buildspec.copies import copied
from runners.buildspec.log import Log, Mask
from runners.buildspec.machine import Machine
from runners.buildspec.model import Batch, Task
from runners.buildspec.order import NoBuild, Order
from runners.buildspec.record import Record, Status
from runners.buildspec.references import Values
from runners.contract import Tell, nobody

Keys = Callable[[str], Awaitable[Mapping[str, str]]]
_AT_ONCE = 4


async def _no_keys(_key: str) -> Mapping[str, str]:
    """Give none."""
    return {}


class BatchBuild:
    """Does all builds of a batch; `record` says what became of each."""

    def __init__(
        self,
        machine: Machine,
        values: Values,
        order: Order,
        take: Callable[[str], None],
        *,
        keys: Keys = _no_keys,
        tell: Tell = nobody,
        within: int = 0,
    ) -> None:
        """Take the same as a build, and where each build gets the keys of its role, by its own key, when it begins.

        `tell` is told how far it is. `within`: seconds for all of them; zero: each has as long as its order says.
        """
        self._machine = machine
        self._values = values
        self._order = order
        self._take = take
        self._keys = keys
        self._tell = tell
        self._until = time.monotonic() + within if within else None
        self._log = Log(take, Mask(order.hidden))
        self._places = asyncio.Semaphore(min(_AT_ONCE, os.cpu_count() or 1))
        self._telling = asyncio.Lock()
        self._over: dict[str, asyncio.Event] = {}
        self._builds: dict[str, Build] = {}
        self.record = BatchRecord(id=order.about.id)

    @property
    def name(self) -> str:
        """What people call it: `hello batch #7`."""
        return f"{self._order.about.project} batch #{self._order.about.number}"

    async def run(self) -> BatchRecord:
        """Do them to their end."""
        try:
            batch = await threaded(self._read)
        except NoBuild as error:
            self._log.say(*error.details, f"{error.code}: {error.message}")
            self.record.wrong = error
            return self.record
        self.record.builds = {task.identifier: (task, None) for task in batch.tasks}
        self._over = {task.identifier: asyncio.Event() for task in batch.tasks}
        try:
            await self._all(batch)
        except ExceptionGroup as several:
            raise _first(several) from several
        return self.record

    def failed(self) -> list[tuple[str, Build]]:
        """List the builds that it fails by: first what failed first, and what was only stopped when nothing else is."""
        mine = [(name, build) for name, build in self._builds.items() if self.record.failed(name)]
        own = [(name, build) for name, build in mine if build.record.status is not Status.STOPPED]
        return sorted(own or mine, key=lambda each: _failed_at(each[1].record))

    async def _all(self, batch: Batch) -> None:
        async with asyncio.TaskGroup() as group:
            under_way = [
                group.create_task(self._one(task, batch, number)) for number, task in enumerate(batch.tasks, 1)
            ]
            if batch.fast_fail:
                group.create_task(self._stop_at_a_failure(under_way))

    def _read(self) -> Batch:
        prepared = prepare.read(self._order)
        if prepared.spec.batch is None:
            raise NoBuild("YAML_FILE_ERROR", "the buildspec has no batch", place=prepared.path)
        return prepared.spec.batch

    async def _one(self, task: Task, batch: Batch, number: int) -> None:
        """Build one when what it depends on is over."""
        try:
            for name in task.after:
                await self._over[name].wait()
            if any(self.record.failed(name) for name in task.after):
                return
            async with self._places:
                await self._build(task, await self._as_order(task, batch, number))
        finally:
            self._over[task.identifier].set()

    async def _build(self, task: Task, order: Order) -> None:
        """Build one; each line of its log has its name before it, as that of others may come between."""
        name = task.identifier
        await threaded(lambda: copied(self._order.source, order.source))
        build = self._builds[name] = Build(
            self._machine, self._values, order, lambda line: self._take(f"{name} | {line}")
        )
        self.record.builds[name] = (task, build.record)
        await self._told()
        try:
            await build.run()
        finally:
            if not order.abandoned():  # else it goes on, and is found again
                ignored = ", which is ignored" if task.ignore_failure and build.record.failed else ""
                self._log.say(f"Build {name}: {build.record.status}{ignored}")
        await self._told()

    async def _as_order(self, task: Task, batch: Batch, number: int) -> Order:
        order, about = self._order, self._order.about
        shard = {"ESTIVA_SHARD": str(number), "ESTIVA_SHARDS": str(len(batch.tasks))} if batch.shards else {}
        key = f"{order.key}#{task.identifier}"
        keys = await self._keys(key)
        workspace = self._place(task)
        return replace(
            order,
            key=key,
            about=replace(
                about,
                suffix=f"{about.suffix}-{task.identifier}",
                image=task.image or about.image,
                batch=task.identifier,
                extra={**about.extra, **shard},
            ),
            source=workspace / "source",
            workspace=workspace,
            artifacts=order.artifacts / task.identifier,
            secondary=order.secondary / task.identifier,
            buildspec=task.buildspec or order.buildspec,
            overrides={**task.variables, **order.overrides},
            keys=keys,
            hidden=(*order.hidden, *keys.values()),
            privileged=order.privileged and task.privileged,
            timeout=max(1, int(self._until - time.monotonic())) if self._until else order.timeout,
        )

    def _place(self, task: Task) -> Path:
        """Give a build a directory of its own, which no other attempt has."""
        place = self._order.workspace / ".batch" / job.name_of("batch", self._order.key) / task.identifier
        place.mkdir(parents=True, exist_ok=True)
        return place

    async def _told(self) -> None:
        """Say how far it is, one after the other: what is said last is true."""
        async with self._telling:
            begun = {name: record.status for name, (_, record) in self.record.builds.items() if record}
            running = ", ".join(name for name, status in begun.items() if status is Status.IN_PROGRESS)
            done = sum(status is not Status.IN_PROGRESS for status in begun.values())
            counted = f"{self.name}: {done}/{len(self.record.builds)}"
            await self._tell(f"{counted} · {running}" if running else counted)

    async def _stop_at_a_failure(self, under_way: list[asyncio.Task[None]]) -> None:
        """Cancel all others when one fails."""
        left = set(under_way)
        while left:
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            if any(self._over[name].is_set() and self.record.failed(name) for name in self.record.builds):
                for each in left:
                    each.cancel()
                return


def _failed_at(record: Record) -> float:
    phase = record.failed or record.phases[-1]
    return phase.ended or phase.started


def _first(several: ExceptionGroup[Exception]) -> Exception:
    """Give one of the errors that came together: the others were stopped for it."""
    first = several.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
