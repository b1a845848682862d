"""One container that does one job: found by its key or started, followed to its end, removed."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound
from docker.types import LogConfig

from runners import records
from runners.container_log import Reading, entries
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed, Work
from runners.lines import Lines
from runners.trouble import trouble_of
from storage.model.worded import worded

ERRORS = {
    "image_missing": "an image is not where it should be",
    "cannot_start": "the engine cannot start the container",
    "out_of_memory": "the container was killed because it used too much memory",
}
_READS = 4
"""How often the end of a log is asked for."""
_LATER = 0.5
_LOST = "The Docker engine gives nothing of what this container has written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to run. The container is known by `key`."""

    key: str
    image: str
    command: tuple[str, ...]
    """Program and arguments; the image's own entry point is not used."""
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[str, ...] = ()
    network: str = "bridge"
    directory: str | None = None
    user: str | None = None
    memory: str | int | None = None
    cpus: float | None = None
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    speaks: bool = False
    """It certainly writes something: an empty log is one that the engine does not give (seen on a busy machine)."""


class Place(Protocol):
    """Whose the job is; the `Work` of an action is one."""

    @property
    def workspace(self) -> Path:
        """Where the result is kept until somebody has written it down."""

    @property
    def abandoned(self) -> Callable[[], bool]:
        """Tells whether the process shuts down and the container is to be left running on cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How the container ended."""

    code: int
    out_of_memory: bool


def name_of(namespace: str, key: str) -> str:
    """Container name for a key: readable, and unique even when characters had to go."""
    readable = re.sub(r"[^a-zA-Z0-9_.-]+", "-", key)[:80].strip("-.")
    return f"{namespace}-{readable}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


async def finish(containers: Containers, job: Job, work: Place, take: Callable[[str], None]) -> Exit:
    """Bring the job to its end and say how it ended; its whole output goes to `take`, line by line.

    A container of this key that runs is followed from its first line on; one that has ended is only read; the result
    of one that is gone already is remembered in the workspace. Raises `ActionFailed` when there is no such image.
    """
    record = _record(containers, job.key, work)
    known = records.recall(record)  # until the engine has written its own record
    if known:
        await removed(containers, job.key)  # whoever kept the result may have died before removing it
        return Exit(**known)
    try:
        container = await _found(containers, job.key) or await _started(containers, job)
        ended = await _followed(containers, container, take, speaks=job.speaks)
    except asyncio.CancelledError:
        if not work.abandoned():
            await removed(containers, job.key)
        raise
    records.keep(record, asdict(ended))
    await removed(containers, job.key)
    return ended


async def begun(containers: Containers, key: str, work: Place) -> Mapping[str, str] | None:
    """Give the variables that the job of this key was begun with; none when it is over, nothing before."""

    def look(engine: APIClient) -> Mapping[str, str] | None:
        there = engine.containers(all=True, filters=containers.filters(key=key))
        given = engine.inspect_container(there[0]["Id"])["Config"]["Env"] if there else None
        return None if given is None else dict(each.split("=", 1) for each in given if "=" in each)

    return {} if records.recall(_record(containers, key, work)) else await containers.ask(look)


async def removed(containers: Containers, key: str) -> None:
    """Kill and remove every container of this key."""

    def remove(engine: APIClient) -> None:
        for container in engine.containers(all=True, filters=containers.filters(key=key)):
            remove_container(engine, container["Id"])

    await containers.ask(remove)


async def stopped(containers: Containers, work: Work) -> None:
    """Kill and remove every container that an action started, whichever of its jobs it does (`key`, `key#2`)."""

    def stop(engine: APIClient) -> None:
        for container in engine.containers(all=True, filters=containers.filters(run=work.run, role="job")):
            if container["Labels"]["estiva.key"].partition("#")[0] == work.key:
                remove_container(engine, container["Id"])

    await containers.ask(stop)


def remove_container(engine: APIClient, container: str) -> None:
    """Kill and remove a container; one that is gone, or going, is fine."""
    try:
        engine.remove_container(container, force=True, v=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != 409:  # noqa: PLR2004 - conflict: its removal is under way already
            raise


def _record(containers: Containers, key: str, work: Place) -> Path:
    return work.workspace / ".jobs" / f"{name_of(containers.namespace, key)}.json"


async def _found(containers: Containers, key: str) -> str | None:
    def find(engine: APIClient) -> str | None:
        there = engine.containers(all=True, filters=containers.filters(key=key))
        if not there:
            return None
        if there[0]["State"] == "created":  # we were interrupted between creating and starting
            engine.start(there[0]["Id"])
        return str(there[0]["Id"])

    return await containers.ask(find)


async def _started(containers: Containers, job: Job) -> str:
    def start(engine: APIClient) -> str:
        made = engine.create_container(
            job.image,
            name=name_of(containers.namespace, job.key),
            entrypoint=list(job.command),
            environment=dict(job.environment),
            labels={**job.labels, **containers.labels(key=job.key, role="job")},
            working_dir=job.directory,
            user=job.user,
            host_config=engine.create_host_config(
                binds=list(job.binds),
                network_mode=job.network,
                mem_limit=job.memory,
                memswap_limit=job.memory,
                nano_cpus=int(job.cpus * 1e9) if job.cpus else None,
                tmpfs=dict(job.tmpfs),
                security_opt=["no-new-privileges"],
                pids_limit=4096,
                # the engine's own copy of the output, which nobody else bounds; in the form that it reads fastest
                log_config=LogConfig(type="local", config={"max-size": "256m", "max-file": "2", "compress": "false"}),
            ),
        )
        engine.start(made["Id"])
        return str(made["Id"])

    try:
        return await containers.ask(start)
    except NotFound as error:
        if not isinstance(error, ImageNotFound):  # created already: what is missing is its network
            await removed(containers, job.key)
            raise _cannot_start(error) from error
        raise ActionFailed(
            worded("there is no image {image} on this machine", image=job.image),
            hint=worded("build it first, or name another in the catalog"),
            error="image_missing",
        ) from error
    except APIError as error:
        await removed(containers, job.key)
        raise trouble_of(error) or _cannot_start(error) from error


def _cannot_start(error: APIError) -> ActionFailed:
    return ActionFailed(
        worded("the container cannot start: {error}", error=error.explanation or error), error="cannot_start"
    )


async def _followed(
    containers: Containers, container: str, take: Callable[[str], None], *, speaks: bool = False
) -> Exit:
    lines = Lines(take)
    reading = Reading(lines.add)
    while True:
        await _read(containers, container, reading, follow=True)
        state = await _settled(containers, container)
        if not state["Running"]:
            if speaks and not reading.began:
                await _ask_again(containers, container, reading)
            await _read_rest(containers, container, reading)
            lines.end()
            if speaks and not reading.began:
                take(_LOST)
            state = await _settled(containers, container)  # that it was out of memory is known a little later
            return Exit(code=int(state["ExitCode"]), out_of_memory=bool(state["OOMKilled"]))
        # the log ended although the container lives: the engine itself was restarted under it


async def _ask_again(containers: Containers, container: str, reading: Reading) -> None:
    """Read a log once more that should not be empty."""
    for _ in range(_READS):
        await asyncio.sleep(_LATER)
        await _read(containers, container, reading, follow=False)
        if reading.began:
            return


async def _read_rest(containers: Containers, container: str, reading: Reading) -> None:
    """Read what the engine has not given before it ended the log, if there is any such.

    Raises `EngineUnavailable` when it does not give it: a log that is cut off does not look different.
    """
    for _ in range(_READS):
        newest = await containers.ask(lambda engine: list(entries(engine, container, follow=False, tail="1")))
        if not newest or newest[-1][-1] == reading.newest:
            return
        await _read(containers, container, reading, follow=False)
    raise EngineUnavailable(worded("the Docker engine does not give the end of the log"))


async def _read(containers: Containers, container: str, reading: Reading, *, follow: bool) -> None:
    since = reading.resume()
    await containers.stream(lambda engine: entries(engine, container, since=since, follow=follow), reading.add)


async def _settled(containers: Containers, container: str) -> Mapping[str, Any]:
    """State of the container once its log has ended; it may count as running for some milliseconds more."""
    for _ in range(20):
        state: Mapping[str, Any] = await containers.ask(lambda engine: engine.inspect_container(container)["State"])
        if not state["Running"]:
            break
        await asyncio.sleep(0.05)
    return state
