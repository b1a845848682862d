"""A registry for the session; an installation with a namespace of its own for each test. Nothing is left behind."""

import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.registry import Registry, running
from tests.sweep.outside import Docker, Pushes
from tests.sweep.scene import ROOT, Scene


@pytest.fixture(scope="session")
def registry_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="session")
def registry(registry_folder: Path) -> Iterator[Registry]:
    subprocess.run([ROOT / ".ci" / "base-images", "python", "ci"], check=True)
    with running(registry_folder) as registry:
        yield registry


@pytest.fixture
async def scene(registry: Registry, registry_folder: Path) -> AsyncIterator[Scene]:
    docker = Docker(f"sweep-{uuid.uuid4().hex[:6]}")
    # the path of the proxy's socket must be short
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        scene = Scene(
            folder=Path(folder), registry=registry, docker=docker, pushes=Pushes(registry_folder / "registry.log")
        )
        try:
            await scene.open()
            yield scene
        finally:
            await scene.close()
            docker.close()
            docker.forget_images(f"{registry.host}/hello")
