"""Releases to services of ministack's ECS, whose tasks are real containers: how they are judged, stopped and undone."""

import asyncio
from typing import Any

import pytest

from tests.ministack.cluster import FAILS, SERVES
from tests.ministack.house import House
from tests.runners.bench import Notes

MIGRATES: dict[str, Any] = {"options": {"before": [{"name": "migrate", "command": ["migrate"]}]}}


@pytest.fixture
def old(house: House) -> str:
    """Digest of what runs."""
    digest = house.cluster.image("old")
    house.cluster.serve("hello", f"{house.image}@{digest}")
    return digest


async def test_a_migration_that_fails_leaves_the_service_alone(house: House, old: str, notes: Notes) -> None:
    new = house.cluster.image("new", migrates="exit 4")
    failure = await house.fails(new, notes, **MIGRATES)
    assert (failure.error, failure.exit_code) == ("task_failed", 4)
    assert "  hello | moved new" in notes.lines
    assert house.cluster.begun("hello") == 0
    await house.cluster.until(lambda: house.cluster.runs("hello") == [f"{house.image}@{old}"])


async def test_a_cancelled_release_is_taken_back(house: House, notes: Notes) -> None:
    old, new = (house.cluster.image(text, does=does) for text, does in (("old", SERVES), ("new", FAILS)))
    house.cluster.serve("hello", f"{house.image}@{old}", breaker=False)
    work = asyncio.ensure_future(house.deploy(new, notes))
    await house.cluster.until(lambda: f"{house.image}@{new}" in house.cluster.runs("hello"))
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert "web/hello goes back to hello:1" in notes.text
    assert house.cluster.primary("hello")["taskDefinition"].endswith("hello:1")
    await house.cluster.until(lambda: house.cluster.runs("hello") == [f"{house.image}@{old}"])


async def test_a_service_is_scaled_to_what_was_said(house: House, old: str) -> None:
    await house.cluster.until(lambda: house.cluster.service("hello")["runningCount"] == 1)
    await scaled(house, old, 3)
    await scaled(house, old, 1)
    assert house.cluster.begun("hello") == 2
    assert house.cluster.revisions("hello") == ["hello:1"]


async def scaled(house: House, digest: str, count: int) -> None:
    """Let another number of tasks run of what runs, and see them."""
    await house.deploy(digest, scales=True, replicas=count)
    await house.cluster.until(lambda: house.cluster.runs("hello") == [f"{house.image}@{digest}"] * count)
