"""A build of a directory of this machine, asked for by a person: `estiva buildspec run`."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker import APIClient

from runners import job
from runners.buildspec.aws_values import AwsValues, of_environment
from runners.buildspec.batch import BatchBuild
from runners.buildspec.build import Build
from runners.buildspec.copies import copied
from runners.buildspec.environment import About
from runners.buildspec.machine import DockerMachine
from runners.buildspec.order import Order
from runners.containers import Containers

IMAGE = "estiva/ci:base"
_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants built, and how."""

    directory: Path
    buildspec: str = ""
    image: str = IMAGE
    pull: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    artifacts: Path | None = None
    """An empty directory, or one that is made; without, artifacts are listed and thrown away."""
    cache: Path | None = None
    network: str = "none"
    privileged: bool = False
    memory: str | None = None
    cpus: float | None = None
    minutes: int = 60
    batch: bool = False

    @property
    def place(self) -> str:
        """The directory, from the root."""
        return str(self.directory.absolute())


async def run(
    asked: Asked, containers: Containers, environ: Mapping[str, str], take: Callable[[str], None]
) -> Mapping[str, Any]:
    """Build a copy of the directory; gives the record as a document. Cancellation stops the build and is noted in it.

    Raises `EngineUnavailable` when there is no engine, and `OSError` when the directory cannot be copied.
    """
    me = asyncio.current_task()
    if me is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    await containers.ask(lambda engine: _tidy(engine, containers))
    async with _workspace() as workspace:
        await asyncio.to_thread(copied, asked.directory, workspace / "source")
        order = _order(asked, containers, environ, workspace, await _commit(asked.place))
        machine, values = DockerMachine(containers), AwsValues(of_environment(environ))
        build = (BatchBuild if asked.batch else Build)(machine, values, order, take)
        with suppress(asyncio.CancelledError):
            await build.run()
        return build.record.document()


def secondary_of(artifacts: Path) -> Path:
    """Say where secondary artifacts go: beside the others."""
    return artifacts.with_name(f"{artifacts.name}.secondary")


def _order(asked: Asked, containers: Containers, environ: Mapping[str, str], workspace: Path, commit: str) -> Order:
    made = asked.artifacts or workspace / "artifacts"
    return Order(
        key=f"local/{uuid.uuid4().hex}",
        about=About(
            project=asked.directory.resolve().name or "local",
            number="1",
            suffix=str(uuid.uuid4()),
            image=asked.image,
            initiator=environ.get("USER", "local"),
            repository=str(asked.directory.resolve()),
            commit=commit,
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "",
        ),
        source=workspace / "source",
        workspace=workspace,
        artifacts=made,
        secondary=secondary_of(made),
        buildspec=asked.buildspec,
        overrides=asked.variables,
        privileged=asked.privileged,
        network=asked.network,
        memory=asked.memory,
        cpus=asked.cpus,
        timeout=asked.minutes * 60,
        pull=asked.pull,
        caches=asked.cache.resolve() if asked.cache else None,
        labels=containers.labels(run="local"),
    )


@asynccontextmanager
async def _workspace() -> AsyncIterator[Path]:
    """Make a directory for one build, and take it away again."""
    place = Path(tempfile.mkdtemp(prefix="estiva-buildspec-"))
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


async def _commit(place: str) -> str:
    """Ask git for the commit; empty when the directory is no repository."""
    try:
        process = await asyncio.create_subprocess_exec(
            *("git", "-c", "safe.directory=*", "-C", place, "rev-parse", "--verify", "--quiet", "HEAD"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except FileNotFoundError:
        return ""
    said, _ = await process.communicate()
    return said.decode(errors="replace").strip() if process.returncode == 0 else ""


def _tidy(engine: APIClient, containers: Containers) -> None:
    """Remove containers that a killed command left behind a day ago or more."""
    for container in engine.containers(all=True, filters={**containers.filters(run="local"), "status": ["exited"]}):
        if container["Created"] < time.time() - _DAY:
            job.remove_container(engine, container["Id"])
