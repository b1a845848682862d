"""Several builds of one file, each with a copy of the source: in parallel, or as they depend on each other."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from runners.buildspec import prepare
from runners.buildspec.build import Build
from runners.buildspec.log import Log, Mask
from runners.buildspec.machine import Machine
from runners.buildspec.model import Batch, Task
from runners.buildspec.order import NoBuild, Order
from runners.buildspec.record import Record, Status
from runners.buildspec.references import Values

_AT_ONCE = 4


@dataclass(slots=True, kw_only=True)
class BatchRecord:
    """A batch, as far as it is known by now."""

    id: str
    builds: dict[str, tuple[Task, Record | None]] = field(default_factory=dict)
    """Each build; `None` for one that did not begin."""
    wrong: NoBuild | None = None
    """Why there is no batch."""

    @property
    def status(self) -> Status:
        """How it ended: well when every build did whose failure is not ignored."""
        if self.wrong:
            return Status.FAILED
        counted = [record for task, record in self.builds.values() if not task.ignore_failure]
        ends = [record.status if record else Status.STOPPED for record in counted]
        worst = (Status.FAULT, Status.FAILED, Status.TIMED_OUT, Status.STOPPED, Status.IN_PROGRESS)
        return next((status for status in worst if status in ends), Status.SUCCEEDED)

    def document(self) -> dict[str, Any]:
        """Give it much as BatchGetBuildBatches does."""
        wrong = {"statusCode": self.wrong.code, "message": self.wrong.message} if self.wrong else None
        groups = [
            {
                "identifier": task.identifier,
                "dependsOn": list(task.after),
                "ignoreFailure": task.ignore_failure,
                "build": record.document() if record else {"buildStatus": Status.STOPPED.value},
            }
            for task, record in self.builds.values()
        ]
        context = {"contexts": [wrong]} if wrong else {}
        return {"id": self.id, "buildBatchStatus": self.status.value, **context, "buildGroups": groups}


class BatchBuild:
    """Does all builds of a batch; `record` says what became of each."""

    def __init__(self, machine: Machine, values: Values, order: Order, take: Callable[[str], None]) -> None:
        """Take the same as a build."""
        self._machine = machine
        self._values = values
        self._order = order
        self._take = take
        self._log = Log(take, Mask(order.hidden))
        self._places = asyncio.Semaphore(min(_AT_ONCE, os.cpu_count() or 1))
        self._over: dict[str, asyncio.Event] = {}
        self.record = BatchRecord(id=order.about.id)

    async def run(self) -> BatchRecord:
        """Do them to their end."""
        try:
            batch = await asyncio.to_thread(self._read)
        except NoBuild as error:
            self._log.say(*error.details, f"{error.code}: {error.message}")
            self.record.wrong = error
            return self.record
        self.record.builds = {task.identifier: (task, None) for task in batch.tasks}
        self._over = {task.identifier: asyncio.Event() for task in batch.tasks}
        async with asyncio.TaskGroup() as group:
            under_way = [
                group.create_task(self._one(task, batch, number)) for number, task in enumerate(batch.tasks, 1)
            ]
            if batch.fast_fail:
                group.create_task(self._stop_at_a_failure(under_way))
        return self.record

    def _read(self) -> Batch:
        batch = prepare.read(self._order).spec.batch
        if batch is None:
            raise NoBuild("YAML_FILE_ERROR", "the buildspec has no batch")
        return batch

    async def _one(self, task: Task, batch: Batch, number: int) -> None:
        """Build one when what it depends on is over; its log is handed on whole, as AWS keeps one for each."""
        try:
            for name in task.after:
                await self._over[name].wait()
            if any(self._failed(name) for name in task.after):
                return
            async with self._places:
                await self._build(task, self._as_order(task, batch, number))
        finally:
            self._over[task.identifier].set()

    async def _build(self, task: Task, order: Order) -> None:
        await asyncio.to_thread(shutil.copytree, self._order.source, order.source, symlinks=True)
        lines: list[str] = []
        build = Build(self._machine, self._values, order, lines.append)
        self.record.builds[task.identifier] = (task, build.record)
        try:
            await build.run()
        finally:
            self._log.say(f"Build {task.identifier}: {build.record.status}")
            for line in lines:
                self._take(line)

    def _as_order(self, task: Task, batch: Batch, number: int) -> Order:
        order, about = self._order, self._order.about
        shard = {"ESTIVA_SHARD": str(number), "ESTIVA_SHARDS": str(len(batch.tasks))} if batch.shards else {}
        workspace = order.workspace / "batch" / task.identifier
        return replace(
            order,
            key=f"{order.key}#{task.identifier}",
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
            privileged=order.privileged and task.privileged,
        )

    def _failed(self, name: str) -> bool:
        task, record = self.record.builds[name]
        return not task.ignore_failure and (record is None or record.status is not Status.SUCCEEDED)

    async def _stop_at_a_failure(self, under_way: list[asyncio.Task[None]]) -> None:
        """Cancel all others when one fails."""
        left = set(under_way)
        while left:
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            if any(self._over[name].is_set() and self._failed(name) for name in self.record.builds):
                for each in left:
                    each.cancel()
                return
