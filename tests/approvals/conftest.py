"""Approvals through the desk: real policy, store, repository and Slack's Web API, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.approvals.office import Office, opened
from tests.storage.conftest import postgres_url, url

__all__ = ["postgres_url", "url"]


@pytest.fixture
async def office(url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """A desk with nobody in front of it yet."""
    async with opened(url, tmp_path) as made:
        yield made
