"""One container for many builds: its driver is run in it once for each, where nothing of a build outlives that."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docker import APIClient

from runners import job
from runners.buildspec.order import Order
from runners.buildspec.text import STATE
from runners.containers import Containers
from runners.lines import Lines


class SharedMachine:
    """A `Machine` that has one container up already."""

    socket = "/nowhere"

    def __init__(self, containers: Containers, container: str) -> None:
        self._containers = containers
        self._container = container

    async def provision(self, order: Order) -> None:
        """The image is that of the container."""

    async def walk(self, walked: job.Job, order: Order, take: Callable[[str], None]) -> job.Exit:
        def made(engine: Any) -> str:
            environment, where = dict(walked.environment), walked.directory
            made = engine.exec_create(self._container, list(walked.command), environment=environment, workdir=where)
            return str(made["Id"])

        name = await self._containers.ask(made)
        lines = Lines(take)
        await self._containers.stream(lambda engine: engine.exec_start(name, stream=True), lines.add)
        lines.end()
        while (ended := await self._containers.ask(lambda engine: engine.exec_inspect(name)))["ExitCode"] is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # its streams may be closed before it has ended
        return job.Exit(code=ended["ExitCode"], out_of_memory=False)

    async def remove(self, key: str) -> None:
        """Nothing is left."""


@contextlib.contextmanager
def shared(engine: APIClient, containers: Containers, image: str, root: Path) -> Iterator[SharedMachine]:
    """Have a container up that sees `root`."""
    host = engine.create_host_config(
        binds=[f"{root}:{root}"], network_mode="none", tmpfs={STATE: "mode=0700"}, init=True
    )
    made = engine.create_container(
        image, entrypoint=["sleep", "3600"], labels=containers.labels(), host_config=host, user="root"
    )
    engine.start(made["Id"])
    try:
        yield SharedMachine(containers, made["Id"])
    finally:
        engine.remove_container(made["Id"], force=True, v=True)
