"""Fixtures of the Slack side."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.slack.town import Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town; rate limits are off unless a test turns them on."""
    async with town(tmp_path, rate_limits=False) as made:
        yield made


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One server for the whole session."""
    if not postgres.available():
        pytest.fail("PostgreSQL is not installed: `make test` installs it")
    with postgres.server() as url:
        yield url


@pytest.fixture
async def shared(tmp_path: Path, postgres_url: str) -> AsyncIterator[Town]:
    """The same on PostgreSQL, where several processes may be at work."""
    async with town(tmp_path, postgres.fresh(postgres_url), rate_limits=False) as made:
        yield made
