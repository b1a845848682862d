"""Terraform in a container: each command is found by its key or started, and followed to its end."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docker import APIClient

from runners import job
from runners.containers import Containers
from runners.contract import Work
from runners.ctrl_c import UNKILLED, interrupt

_ALWAYS = {
    "TF_IN_AUTOMATION": "1",
    "TF_INPUT": "0",
    "CHECKPOINT_DISABLE": "1",
    "HOME": "/tmp",  # noqa: S108 - inside the container
}
_LOOK = 1.0
"""Seconds between two looks at a command that is to end."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Followed:
    """Where a job is followed: whoever no longer follows it leaves it running, whatever the reason."""

    workspace: Path
    abandoned: Callable[[], bool] = _always


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One directory of the source, and how Terraform is called in it."""

    containers: Containers
    work: Work
    image: str
    name: str
    directory: Path
    """Where the configuration is."""
    place: Path
    """Private folder of the run, for providers and the plan."""
    environment: Mapping[str, str] = field(repr=False)
    network: str = "bridge"
    memory: str | int | None = None

    async def run(self, key: str, *words: str, take: Callable[[str], None]) -> int:
        """Run one command to its end; gives its exit code.

        On cancellation it is interrupted as by Ctrl-C, and waited for: it lets go of its lock on the state. When the
        process only shuts down it goes on, to be found by its key.
        """
        going = asyncio.ensure_future(self._finished(key, words, take))
        try:
            return await asyncio.shield(going)
        except asyncio.CancelledError:
            if self.work.abandoned():
                going.cancel()
                await asyncio.wait({going})
            while not going.done():
                await self._interrupted(key)
                await asyncio.wait({going}, timeout=_LOOK)
            raise

    async def end(self, key: str) -> None:
        """See that the command of this key is interrupted, wait until it has ended, and clear it away."""
        while await self._interrupted(key):  # noqa: ASYNC110 - the engine says nothing when it ends
            await asyncio.sleep(_LOOK)
        await job.removed(self.containers, self._key(key))

    async def _interrupted(self, key: str) -> bool:
        """See that the command of this key has been told to end, once; tells whether it still runs."""

        def signal(engine: APIClient) -> bool:
            running = engine.containers(filters=self.containers.filters(key=self._key(key)))
            for container in running:
                interrupt(engine, container)
            return bool(running)

        return await self.containers.ask(signal)

    def _key(self, key: str) -> str:
        return f"{self.work.key}#{key}"

    async def _finished(self, key: str, words: tuple[str, ...], take: Callable[[str], None]) -> int:
        followed = _Followed(self.work.workspace)
        ended = await job.finish(self.containers, self._job(key, words), followed, take)
        return ended.code

    def _job(self, key: str, words: tuple[str, ...]) -> job.Job:
        return job.Job(
            key=self._key(key),
            image=self.image,
            command=(self.name, *words),
            environment={**_ALWAYS, "TF_DATA_DIR": str(self.place / "data"), **self.environment},
            labels=self.containers.labels(run=self.work.run, service=self.work.service.name, **UNKILLED),
            binds=(f"{self.work.workspace}:{self.work.workspace}",),
            network=self.network,
            directory=str(self.directory),
            # what it writes belongs to Estiva, and to nobody else
            user=f"{os.getuid()}:{os.getgid()}",
            memory=self.memory,
            tmpfs={"/tmp": "mode=1777"},  # noqa: S108
        )
