"""Marks for all tests of a folder."""

from collections.abc import Iterable
from pathlib import Path

import pytest


def needs_docker(items: Iterable[pytest.Item], conftest: str) -> None:
    """Mark the tests beside a conftest as those that need a Docker engine."""
    here = Path(conftest).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.docker)
