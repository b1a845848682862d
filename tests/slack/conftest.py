"""Fixtures of the Slack side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.slack.town import Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town; rate limits are off unless a test turns them on."""
    async with town(tmp_path, rate_limits=False) as made:
        yield made
