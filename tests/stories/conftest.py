"""One world for most stories, started when the first needs it; people come anew for each story."""

import contextlib
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.marking import needs_docker
from tests.registry import Registry, running
from tests.stories.person import Person
from tests.stories.place import ROOT
from tests.stories.sources import make_demo_repositories
from tests.stories.world import World
from tests.stories.world import world as made

Make = Callable[..., AbstractContextManager[World]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needs_docker(items, __file__)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_repositories(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def make_world(
    registry: Registry, repositories: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[World]]:
    """`with make_world(mode="http") as world`: a world of one's own."""
    subprocess.run([ROOT / ".ci" / "base-images"], check=True)

    @contextlib.contextmanager
    def make(**options: Any) -> Iterator[World]:
        with made(tmp_path_factory.mktemp("w"), registry, repositories, **options) as world:
            yield world

    return make


@pytest.fixture(scope="session")
def world(make_world: Make) -> Iterator[World]:
    """The world that most stories share: each has services of its own in it."""
    with make_world() as world:
        yield world


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if not postgres.available():
        pytest.fail("PostgreSQL is not installed: `make test` installs it")
    with postgres.server() as url:
        yield url


@pytest.fixture
def fresh_postgres(postgres_url: str) -> str:
    """A database of one's own."""
    return postgres.fresh(postgres_url)


@pytest.fixture
async def ana(world: World) -> AsyncIterator[Person]:
    async with world.person("dev") as person:
        yield person


@pytest.fixture
async def bia(world: World) -> AsyncIterator[Person]:
    async with world.person("dev2") as person:
        yield person


@pytest.fixture
async def rui(world: World) -> AsyncIterator[Person]:
    async with world.person("release") as person:
        yield person


@pytest.fixture
async def eva(world: World) -> AsyncIterator[Person]:
    async with world.person("outsider") as person:
        yield person
