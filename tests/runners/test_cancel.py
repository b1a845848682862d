"""A cancel reaches the container at once, through the whole engine: by the Docker engine's own account."""

import asyncio
import time
from pathlib import Path

import pytest
from docker import APIClient

from runners.command import CommandRunner
from runners.containers import Containers
from runners.contract import Runner
from runners.limits import Limits
from storage.model.catalog import Stage
from storage.model.run import Status
from tests.engine.world import World, action, plan

pytestmark = pytest.mark.docker
RUN = ["sh", "-c", "trap '' TERM INT; echo up; sleep 600"]
GENEROUS = 2.0
"""Seconds that are allowed; a cancel that waited for a grace of ours or of Docker's would take 10 or more."""


async def test_a_cancelled_run_has_its_container_killed_at_once(
    containers: Containers, engine: APIClient, tmp_path: Path
) -> None:
    kinds: dict[str, Runner] = {"command": CommandRunner(containers)}
    world = await World(f"sqlite:///{tmp_path}/estiva.db", tmp_path, Limits(grace=60), more=kinds).open()
    try:
        estiva = await world.start()
        build = Stage(name="build", actions=(action("test", "command", image="estiva/busybox:base", run=RUN),))
        run = await world.ask(plan(build))
        container = await _up(engine, containers, run.id)
        asked = time.time()
        assert await estiva.cancel(run.id, "U0BOB")
        view = await world.ended(run)
        assert (view.status, view.reason) == (Status.CANCELLED, "cancelled by U0BOB")
        events = [*engine.events(since=int(asked), until=int(time.time()) + 1, decode=True)]
        ours = [event for event in events if event.get("id") == container]
        killed = {event["Actor"]["Attributes"].get("signal") for event in ours if event["Action"] == "kill"}
        [died] = [event["timeNano"] / 1e9 for event in ours if event["Action"] == "die"]
        print(f"\ndead {died - asked:.2f} s after the cancel")
        assert killed == {"9"}, "nobody asks it to end first"
        assert died - asked < GENEROUS
        assert engine.containers(all=True, filters=containers.filters(run=run.id)) == []
    finally:
        await world.close()


async def _up(engine: APIClient, containers: Containers, run: str) -> str:
    """Wait until the container says that it is up, and give its id."""
    async with asyncio.timeout(60):
        while True:
            for found in engine.containers(filters=containers.filters(run=run)):
                if b"up" in engine.logs(found["Id"]):
                    return str(found["Id"])
            await asyncio.sleep(0.05)
