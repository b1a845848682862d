"""One build, from its file to what it hands on, as a record of phases.

The container walks the phases by itself (`inside/driver.sh`), so a build outlives the bot: whoever comes back follows
its log from the first line on, and reads the same files at its end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from runners import job
from runners.buildspec import prepare, reports, role, script
from runners.buildspec.artifacts import NoArtifacts, Upload
from runners.buildspec.environment import chosen
from runners.buildspec.leavings import Leavings
from runners.buildspec.log import Log, Mask
from runners.buildspec.machine import Machine
from runners.buildspec.model import Files
from runners.buildspec.order import NoBuild, Order
from runners.buildspec.prepare import Prepared
from runners.buildspec.record import Context, Made, Record, Status, phases_of
from runners.buildspec.references import Values
from runners.buildspec.text import STATE
from runners.contract import ActionFailed

T = TypeVar("T")
_DIED = (
    "Build container found dead before completing the build. Build container died because it was out of memory, "
    "or the Docker image is not supported. ErrorCode: {code}"
)
_GRACE = 30
"""Seconds after which a container that should have ended itself is given up."""


class Build:
    """Does one order; `record` says what became of it, and as far as it came when it was cancelled."""

    def __init__(self, machine: Machine, values: Values, order: Order, take: Callable[[str], None]) -> None:
        """Take where it is built, where named values are, what is built, and who gets each line of the log."""
        self._machine = machine
        self._values = values
        self._order = order
        self._left = Leavings(order.job)
        self.log = Log(take, Mask(order.hidden))
        self.record = Record(id=order.about.id)
        self.prepared: Prepared | None = None
        self.refused: ActionFailed | None = None
        """Why the engine did not start the container."""
        self.out_of_memory = False
        self.wrong_file = ""
        """Path of the buildspec that cannot be read."""

    async def run(self) -> Record:
        """Do it to its end, or find it done."""
        for phase in ("SUBMITTED", "QUEUED"):
            self.record.begin(phase)
            self.record.end()
        try:
            await self._phases()
        except BaseException as error:
            self._note(Status.STOPPED if isinstance(error, asyncio.CancelledError) else Status.FAULT)
            raise
        finally:
            self.record.complete()
        return self.record

    async def _phases(self) -> None:
        self.log.say("Waiting for agent ping")
        if not await self._do("PROVISIONING", self._machine.provision(self._order)):
            return
        self.log.say("Waiting for DOWNLOAD_SOURCE", "Phase is DOWNLOAD_SOURCE")
        self.log.say(f"CODEBUILD_SRC_DIR={self._order.source}")
        if not await self._do("DOWNLOAD_SOURCE", self._download()):
            await self._machine.remove(self._order.key)  # one that was left by an earlier try
            return
        prepared = self._ready
        self.log.complete("DOWNLOAD_SOURCE", "SUCCEEDED")
        ended = await self._walk(prepared)
        await threaded(lambda: self._after(prepared, ended))

    @property
    def image(self) -> str:
        """In which it is built."""
        return self._order.about.image

    @property
    def _ready(self) -> Prepared:
        if self.prepared is None:
            raise RuntimeError("the buildspec was not read")
        return self.prepared

    async def _do(self, phase: str, work: Awaitable[None]) -> bool:
        self.record.begin(phase)
        try:
            await work
        except NoBuild as error:
            message = self.log.mask(error.message)
            self.wrong_file = error.place
            self.log.say(*error.details)
            self.record.end(Status.FAILED, error.code, message)
            self.log.complete(phase, "FAILED", error.code, message)
            return False
        self.record.end()
        return True

    async def _download(self) -> None:
        """Read the buildspec, get the values that it names, and write down what the container walks."""
        order, log = self._order, self.log
        prepared = await threaded(lambda: prepare.read(order))
        spec = prepared.spec
        log.say(f"YAML location is {order.source / prepared.path}", *map(str, spec.warnings))
        log.say("Processing environment variables")
        if spec.parameters or spec.secrets:
            prepared = await threaded(lambda: prepare.completed(prepared, order, self._values))
            log.mask = Mask((*order.hidden, *prepared.secret.values()))
        if spec.cache and not order.caches:
            log.say("The cache of the buildspec is left out: nobody gave this build a place for one")
        self.prepared = prepared
        await threaded(lambda: self._write(prepared))
        log.say(f"Moving to directory {order.source}", "Registering with agent")
        log.say(f"Phases found in YAML: {len(spec.phases)}")
        log.say(*(f" {name.upper()}: {len(phase.commands)} commands" for name, phase in spec.phases.items()))

    def _write(self, prepared: Prepared) -> None:
        order = self._order
        variables = chosen(prepared.spec, order.fixed, order.overrides, prepared.secret)
        if order.caches and prepared.spec.cache:
            order.caches.mkdir(parents=True, exist_ok=True)
        script.write(
            order.job, prepared.spec, variables, timeout=order.timeout, caches=order.caches, cached=order.cached
        )

    async def _walk(self, prepared: Prepared) -> job.Exit | None:
        """Let the container walk the phases to their end; nothing when it did not come to one by itself."""
        order = self._order
        try:
            async with asyncio.timeout(order.timeout + _GRACE if order.timeout else None):
                return await self._machine.walk(self._job(prepared), order, self.log.line)
        except TimeoutError:
            return None
        except ActionFailed as error:
            self.refused = error
            return None

    def _job(self, prepared: Prepared) -> job.Job:
        order = self._order
        sockets = [f"{self._machine.socket}:/var/run/docker.sock"] if order.privileged else []
        caches = [f"{order.caches}:{order.caches}"] if order.caches and prepared.spec.cache else []
        return job.Job(
            key=order.key,
            image=order.about.image,
            command=("/bin/sh", str(order.job / script.DRIVER), str(order.job), str(order.source)),
            environment={**role.taken(order, prepared), **prepared.secret, **order.fixed},
            labels=order.labels,
            # not the whole workspace: what a build can reach it can replace, by links out of it too
            binds=(f"{order.source}:{order.source}", f"{order.job}:{order.job}", *caches, *sockets),
            network=order.network,
            directory=str(order.source),
            user="root",
            memory=order.memory,
            cpus=order.cpus,
            tmpfs={STATE: "mode=0700"},
            speaks=True,
        )

    def _after(self, prepared: Prepared, ended: job.Exit | None) -> None:
        """Take over what the build left, and hand its files on."""
        self.out_of_memory = ended is not None and ended.out_of_memory
        self._note(Status.FAILED if ended or self.refused else Status.TIMED_OUT, ended)
        values = self._left.values(script.wanted(prepared.spec))
        self.record.exported = {
            name: value
            for name, value in values.items()
            if name in prepared.spec.exported and self._is_public(prepared, name, value)
        }
        if ended is not None and self._left.uploads:
            self._upload(prepared, values)

    def _note(self, unfinished: Status, ended: job.Exit | None = None) -> None:
        """Take the phases over; one that has no end ended as `unfinished`, and so did a build that has none at all."""
        if self.record.phases[-1].status is None:
            self.record.end(unfinished)
            return
        code = ended.code if ended else 0
        died = Context("CLIENT_ERROR", self.refused.reason if self.refused else _DIED.format(code=code))
        late = Context("BUILD_TIMED_OUT", "Build has timed out.")
        contexts = {Status.FAILED: died, Status.TIMED_OUT: late}
        phases = phases_of(self._left.timeline, unfinished, contexts.get(unfinished, Context()))
        behind = max(0.0, (self.record.phases[-1].ended or 0.0) - phases[0].started) if phases else 0.0
        for phase in phases:  # the container's clock tells whole seconds
            phase.started, phase.ended = phase.started + behind, (phase.ended or phase.started) + behind
        self.record.phases += phases
        for phase in phases:
            phase.context = Context(phase.context.code, self.log.mask(phase.context.message))
        silent = not phases  # nothing was noted: whatever it ended with, nothing says that anything was done
        if self.record.failed is None and (self.refused or code or silent or unfinished is not Status.FAILED):
            last = self.record.phases[-1]
            last.status, last.context = unfinished, contexts.get(unfinished, Context())
        self.record.command = self.log.mask(self._left.command)
        self.record.exit_code = code if self._left.exit_code is None and code else self._left.exit_code

    def _upload(self, prepared: Prepared, values: dict[str, str]) -> None:
        self.record.begin("UPLOAD_ARTIFACTS")
        self.log.say("Phase is UPLOAD_ARTIFACTS")
        spec, upload = prepared.spec, partial(self._taking, values)
        self.record.reports = reports.collect(spec.reports, self._order.about.project, values, upload)
        code = message = ""
        try:
            for identifier, files in {"": spec.artifacts, **spec.secondary}.items():
                if files is not None:
                    target = self._order.secondary / identifier if identifier else self._order.artifacts
                    copied = upload(files).copy(target)
                    name = self._left.name_of(identifier) if files.name else ""
                    self.record.artifacts[identifier] = Made(location=str(target), files=tuple(copied), name=name)
        except NoArtifacts as error:
            code, message = "CLIENT_ERROR", str(error)
        status = Status.FAILED if code else Status.SUCCEEDED
        self.record.end(status, code, message)
        self.log.complete("UPLOAD_ARTIFACTS", status, code, message)

    def _taking(self, values: dict[str, str], files: Files) -> Upload:
        source, outside = self._order.source, self._left.outside
        return Upload(files=files, source=source, values=values, say=self.log.say, outside=outside)

    def _is_public(self, prepared: Prepared, name: str, value: str) -> bool:
        return not (name.startswith("AWS_") or name in prepared.secret or self.log.mask.hides(value))


async def threaded(work: Callable[[], T]) -> T:
    """Do something slow in a thread of its own; whoever is cancelled meanwhile does not wait for it."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="buildspec")
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
    finally:
        pool.shutdown(wait=False)
