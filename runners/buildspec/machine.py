"""Where the phases of a build are walked."""

from collections.abc import Callable
from typing import Protocol

from runners import job
from runners.buildspec import prepare
from runners.buildspec.order import Order
from runners.containers import Containers


class Machine(Protocol):
    """Something with images in which a job can be done.

    Call order: `provision`, then `walk`; `remove` when there is nothing to be walked. A `walk` that is called again
    with a job of the same key finds what it started.
    """

    @property
    def socket(self) -> str:
        """Path of the socket that a privileged build is given."""

    async def provision(self, order: Order) -> None:
        """See that the image is there, or get it. Raises `NoBuild`."""

    async def walk(self, walked: job.Job, order: Order, take: Callable[[str], None]) -> job.Exit:
        """Do the job to its end; `take` gets each line. Raises `ActionFailed` when it cannot be begun."""

    async def remove(self, key: str) -> None:
        """Stop and remove what this key started; harmless when there is nothing."""


class DockerMachine:
    """The engine of this machine, with a container of its own for each build."""

    def __init__(self, containers: Containers) -> None:
        """Take the engine."""
        self._containers = containers

    @property
    def socket(self) -> str:
        """Path of the engine's socket."""
        return self._containers.socket

    async def provision(self, order: Order) -> None:
        """See that the image is there, or pull it where the order says so."""
        await self._containers.ask(lambda engine: prepare.provision(engine, order))

    async def walk(self, walked: job.Job, order: Order, take: Callable[[str], None]) -> job.Exit:
        """Do the job in its container, or follow the one that does it."""
        return await job.finish(self._containers, walked, order, take)

    async def remove(self, key: str) -> None:
        """Remove the containers of the key."""
        await job.removed(self._containers, key)
