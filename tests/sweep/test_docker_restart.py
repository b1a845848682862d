"""The Docker engine is restarted in the middle of a deploy: the run ends with its reason, and what served serves on.

The containers' addresses have to be reached and the engine has to be stopped, so the whole test runs in a network
namespace of its own, with an engine in it: the first process only opens that namespace and starts itself again there.
"""

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.docker_engine import OwnEngine, saved_images
from tests.registry import running as registry
from tests.stories.place import ROOT
from tests.stories.reading import words
from tests.stories.sources import make_demo_repositories, page
from tests.stories.world import World, world

IMAGES = ("estiva/busybox:base", "estiva/python:base")
APART = "TEST_APART"
"""Set in the process that is in the namespace: the folder of its engine."""
ARCHIVE = "images.tar"
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
pytestmark = [pytest.mark.sweep, pytest.mark.docker]


@pytest.mark.skipif(APART in os.environ, reason="this is the process that it started")
@pytest.mark.timeout(600)
def test_in_a_namespace_of_its_own() -> None:
    root = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]
    python = [sys.executable, *("-m", "pytest", "-q", "-x", "-s"), *("-m", "sweep"), __file__]
    command = [*root, "unshare", "--net", "--mount", *python]
    with tempfile.TemporaryDirectory(prefix="estiva-d-") as folder:  # a socket's path has to be short
        saved_images(Path(folder, ARCHIVE), *IMAGES)
        apart = {**os.environ, APART: folder, "DOCKER_HOST": f"unix://{folder}/d.sock"}
        ended = subprocess.run(command, check=False, cwd=ROOT, env=apart, capture_output=True, text=True)
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    assert "1 passed" in ended.stdout


@pytest.fixture
def own() -> Iterator[OwnEngine]:
    _lift_loopback()
    folder = Path(os.environ[APART])
    engine = OwnEngine(folder, apart=False)
    engine.start()
    try:
        engine.load(folder / ARCHIVE)
        yield engine
    finally:
        engine.end()


def _lift_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP | IFF_RUNNING))


@pytest.fixture
def place(own: OwnEngine, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "registry"
    folder.mkdir()
    with registry(folder) as host, world(tmp_path, host, make_demo_repositories(tmp_path / "s")) as made:
        yield made


@pytest.mark.skipif(APART not in os.environ, reason="it needs a network namespace of its own")
@pytest.mark.timeout(500)
async def test_a_deploy_under_an_engine_that_restarts_ends_and_what_served_serves_on(
    own: OwnEngine, place: World
) -> None:
    source = place.service("heron", says="first")
    late = f"import time\ntime.sleep(60)\n{page('late')}"
    async with place.person("dev") as ana:
        first = await ana.deploys("deploy heron to homolog")
        source.commit("Answer late", {"service.py": late})
        second = await ana.starts("deploy heron to homolog")
        await place.until(lambda: place.running(run=second, role="app"), 120)
        await asyncio.to_thread(own.end)
        await asyncio.to_thread(own.start)
        assert await ana.run_ends(second) == "broken", "not the work's fault, and it says so"
        assert "the Docker engine at" in words(await ana.reads(f"{second}/failure/deploy-homolog/deploy"))
        assert await place.until(lambda: _says(place, "first"), 60)
        assert await place.until(lambda: _only(place, first), 90)
        source.commit("Answer at once", {"service.py": page("third")})
        await ana.deploys("deploy heron to homolog")
        assert "third" in await place.answers("heron.homolog")


async def _says(place: World, text: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        return text in await place.answers("heron.homolog")
    return False


async def _only(place: World, run: str) -> bool:
    """Tell whether nothing is left of any other release, running or not."""
    return [each["Labels"]["estiva.run"] for each in await place.containers(role="app")] == [run]
