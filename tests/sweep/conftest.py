"""A registry for the session; an installation with a namespace of its own for each test. Nothing is left behind."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.registry import Registry, running
from tests.sweep.scene import ROOT, Scene, installation


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
    async with installation(registry, registry_folder) as scene:
        yield scene
