"""The same stories on both databases."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.engine.world import World

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if not postgres.available():
        pytest.fail("PostgreSQL is not installed: `make test` installs it")
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with all tables, ours and the engine's: copying it is faster than migrating."""
    _run(postgres_url, "CREATE DATABASE engine_template")
    asyncio.run(_migrate(_sibling(postgres_url, "engine_template"), tmp_path_factory.mktemp("template")))
    return "engine_template"


async def _migrate(url: str, folder: Path) -> None:
    world = await World(url, folder).open()
    await world.start()
    await world.close()


def _sibling(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def fresh_postgres(postgres_url: str, postgres_template: str) -> str:
    """A fresh database."""
    name = f"engine_{next(_numbers)}"
    _run(postgres_url, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    return _sibling(postgres_url, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'estiva.db'}"
    found: str = request.getfixturevalue("fresh_postgres")
    return found


@pytest.fixture
async def world(url: str, tmp_path: Path) -> AsyncIterator[World]:
    world = await World(url, tmp_path).open()
    try:
        yield world
        await world.sound()
    finally:
        await world.close()
