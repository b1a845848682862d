"""One emulator for all tests of a process, which forgets everything between them; nothing of it outlives them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.aws.session import Clouds
from tests.aws.conftest import _surroundings, clouds, notes
from tests.marking import needs_docker
from tests.ministack.cluster import Cluster
from tests.ministack.emulator import Emulator, running
from tests.ministack.house import House
from tests.runners.conftest import bench, containers, engine, namespace
from tests.stories.conftest import make_world, registry, repositories
from tests.stories.place import ROOT

__all__ = [
    "_surroundings",
    "bench",
    "clouds",
    "containers",
    "engine",
    "make_world",
    "namespace",
    "notes",
    "registry",
    "repositories",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needs_docker(items, __file__)


@pytest.fixture(scope="session")
def the_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    subprocess.run([ROOT / ".ci" / "base-images"], check=True)
    with running(tmp_path_factory.mktemp("ministack")) as emulator:
        yield emulator


@pytest.fixture
def emulator(the_emulator: Emulator) -> Iterator[Emulator]:
    """It, as new."""
    yield the_emulator
    the_emulator.reset()


@pytest.fixture
def cluster(emulator: Emulator) -> Cluster:
    return Cluster(emulator)


@pytest.fixture
def house(cluster: Cluster, clouds: Clouds, tmp_path: Path) -> House:
    return House(cluster, clouds, tmp_path)
