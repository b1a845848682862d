"""One office per story: the demo's catalog, real repositories, nobody at the engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.person import Person
from tests.verbs.office import Office, office


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest.fixture
async def ana(place: Office) -> AsyncIterator[Person]:
    """She reads English."""
    async with place.person("dev") as person:
        yield person


@pytest.fixture
async def rui(place: Office) -> AsyncIterator[Person]:
    """He reads Portuguese."""
    async with place.person("release") as person:
        yield person


@pytest.fixture
async def eva(place: Office) -> AsyncIterator[Person]:
    """The catalog does not list her."""
    async with place.person("outsider") as person:
        yield person
