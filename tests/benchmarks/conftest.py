"""A registry for the benchmarks."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry import Registry, running
from tests.sweep.scene import ROOT


@pytest.fixture(scope="session")
def registry_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="session")
def registry(registry_folder: Path) -> Iterator[Registry]:
    subprocess.run([ROOT / ".ci" / "base-images", "python", "ci"], check=True)
    with running(registry_folder) as registry:
        yield registry
