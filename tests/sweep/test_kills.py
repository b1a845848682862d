"""The bot dies by SIGKILL, at labelled places and at moments that nobody chose, and a new one goes on."""

import asyncio
import random
import time

import pytest

from storage.model.run import Status
from tests.sweep.scene import Scene
from tests.sweep.violations import violations

WHOLE = "deploy hello@main to production"
MOMENTS = {
    "source": "source/checkout/1/started",
    "build": "build/image/1/started",
    "tests": "test/slow/1/started",
    "push": "push/push/1/started",
    "homolog": "deploy-homolog/deploy/1/started",
    "approval": "approve-production/asked",
    "production": "deploy-production/deploy/1/started",
}
CHAINS = (
    ("request.after", "begin.before", "lock.before", "started.before:2", "work.before:2", "ended.before:2"),
    ("answer.after", "begin.after", "claim.before", "lock.after", "work.after", "started.after:2", "work.after:2"),
    ("post.before", "claim.after", "post.after:2", "stage.before:2", "ended.before:2", "work.after", "release.before"),
    ("post.after", "stage.after", "started.after", "work.before", "ended.after", "release.after", "leave.before"),
    ("post.after:3", "ended.after:3", "leave.after", "ask.before", "lock.before", "finish.before"),
    ("post.before:4", "ask.after", "post.after", "work.before", "finish.after", "post.after", "clean.before"),
    ("post.before:3", "post.after:4", "ask.after", "answer.after", "post.before", "release.after", "clean.after"),
)
"""Each life ends at the next place of its chain, so that one run dies many times on its way."""


async def sound(scene: Scene, seconds: float = 30) -> None:
    """All is as it should be, at the latest when the last messages and removals are done."""
    expected = {row["id"]: Status.SUCCEEDED for row in scene.rows("SELECT id FROM runs")}
    deadline = time.monotonic() + seconds
    while True:
        found = await violations(scene.database, await scene.messages(), scene.docker, scene.pushes, expected)
        if not found:
            return
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.5)
    pytest.fail("\n".join([*found, "", scene.said()]))


async def killed_at(scene: Scene, moment: str, after: float = 0.0) -> None:
    """Let the bot live until the moment, and some seconds longer, then kill it."""
    scene.hesitant = moment == "approval"
    await scene.journaled(MOMENTS[moment])
    await asyncio.sleep(after)
    await scene.kill()
    scene.hesitant = False
    assert await scene.live()


async def test_a_bot_killed_on_its_way_loses_and_doubles_nothing(scene: Scene) -> None:
    assert await scene.live()
    await scene.say("dev", WHOLE)
    for moment, after in (("build", 0.5), ("tests", 0.3), ("approval", 0.2), ("production", 0.6)):
        await killed_at(scene, moment, after)
    await scene.finished()
    await sound(scene)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("after", [0.0, 0.3, 0.9])
async def test_a_kill_in_each_action(after: float, scene: Scene) -> None:
    assert await scene.live()
    await scene.say("dev", WHOLE)
    for moment in MOMENTS:
        await killed_at(scene, moment, after)
    await scene.finished()
    await sound(scene)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain[0])
async def test_a_kill_at_each_labelled_place(chain: tuple[str, ...], scene: Scene) -> None:
    asked = False
    missed = []
    for place in chain:
        if await scene.live(crash_at=place) and not asked:
            await scene.say("dev", WHOLE)
            asked = True
        if not await scene.died(60):
            missed.append(place)
            await scene.stop()
    assert await scene.live()
    await scene.finished()
    await sound(scene)
    assert not missed


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(6))
async def test_kills_at_random_moments(seed: int, scene: Scene) -> None:
    moments = random.Random(seed)
    assert await scene.live()
    await scene.say("dev", WHOLE)
    for _ in range(5):
        await scene.died(moments.uniform(0.5, 6.0))
        await scene.kill()
        await scene.live()
    await scene.finished()
    await sound(scene)


@pytest.mark.sweep
@pytest.mark.timeout(900)
async def test_kills_while_two_runs_share_an_environment(scene: Scene) -> None:
    assert await scene.live()
    await scene.say("dev", "deploy hello@main to homolog")
    await scene.journaled("build/image/1/started")
    await asyncio.to_thread(scene.commit)
    await scene.say("dev", "deploy hello@main to homolog")
    for _ in range(4):
        await scene.died(4)
        await scene.kill()
        await scene.live()
    await scene.finished()
    await sound(scene)
