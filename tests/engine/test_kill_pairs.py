"""What a dead worker was stopping, putting back, letting go: another takes it over and dies there, a third ends it."""

import asyncio
import signal
from pathlib import Path

import pytest

from runners.crash import ONCE
from storage.model.run import Status
from tests.engine.test_kill import BACK, LEFT, STOPS, end, play, played
from tests.engine.world import World
from tests.invariants import violations

pytestmark = pytest.mark.sweep


async def busy(world: World) -> bool:
    """Tell whether anything goes on still, or is to be cleaned up."""
    left = any((world.data / "work").iterdir()) or await world.outside.leftovers()
    return bool(left or await world.store.runs.active() or await world.store.locks.queues())


async def by_another(world: World, place: str) -> dict[str, Status]:
    """Two idle workers, both armed: the first that comes to the place dies, and the other brings all to an end."""
    armed = {ONCE: str(world.folder / "hit")}
    pair = [await play(world.url, world.folder, "worker", place, **armed) for _ in range(2)]
    try:
        async with asyncio.timeout(90):
            await asyncio.wait([asyncio.create_task(each.wait()) for each in pair], return_when="FIRST_COMPLETED")
            while await busy(world):  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.05)
        assert sorted(str(each.returncode) for each in pair) == [str(-signal.SIGKILL), "None"]
    finally:
        await end(*pair)
    assert violations(await world.found()) == []
    await world.sound()
    return {run.id: run.status for run in await world.store.runs.recent()}


@pytest.mark.parametrize("place", BACK)
async def test_what_is_put_back(place: str, fresh_postgres: str, tmp_path: Path) -> None:
    assert await played(fresh_postgres, tmp_path, "back", "rollback.before") == -signal.SIGKILL
    world = await World(fresh_postgres, tmp_path).open()
    try:
        assert await by_another(world, place) == {"hello-1": Status.SUCCEEDED, "hello-2": Status.FAILED}
        assert world.outside.keys("began").count("hello-2/rollback-homolog/rollback/1") == 1
        assert len(await world.store.releases.history("hello", "homolog")) == 3
    finally:
        await world.close()


@pytest.mark.parametrize("place", STOPS)
async def test_what_is_stopped(place: str, fresh_postgres: str, tmp_path: Path) -> None:
    world = await World(fresh_postgres, tmp_path).open()
    process = await play(fresh_postgres, tmp_path, "long")
    try:
        keys = ["hello-1/build/image/1", "hello-1/build/test/1"]
        for key in keys:
            await world.began(key, seconds=30)
        await end(process)
        await world.store.runs.request_cancel("hello-1", "U0BOB")
        assert await by_another(world, place) == {"hello-1": Status.CANCELLED}
        assert set(world.outside.keys("stopped")) == {*keys}
    finally:
        await end(process)
        await world.close()


@pytest.mark.parametrize("place", LEFT)
async def test_what_is_let_go(place: str, fresh_postgres: str, tmp_path: Path) -> None:
    assert await played(fresh_postgres, tmp_path, "deaf deploy", "finish.after") == -signal.SIGKILL
    world = await World(fresh_postgres, tmp_path).open()
    try:
        assert await by_another(world, place) == {"hello-1": Status.CANCELLED}
    finally:
        await world.close()
