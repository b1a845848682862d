"""`kill -9`, at moments that nobody chose."""

import asyncio
import random
from pathlib import Path

import pytest

from storage.model.run import Status
from tests.slack.town import RUI, Town, life


@pytest.mark.sweep
async def test_killed_at_any_moment_nothing_is_lost_or_said_twice(place: Town, tmp_path: Path) -> None:
    await place.control("switch", retry_scale=0.1)  # a process needs seconds to start: Slack's patience must outlast it
    run = await place.open_run()
    for stage, action in (("build", "fetch"), ("build", "image"), ("test", "unit-tests")):
        await place.walk(run, stage, action)
    approval = await place.ask_approval(run)
    chance = random.Random()
    said: list[str] = []
    for number in range(4):
        process = await life(place, tmp_path)
        assert (await place.control("wait", seconds=20))["ok"]
        said.append((await place.say(f"@estiva number {number}"))["ts"])
        await asyncio.sleep(chance.random() * 0.4)
        process.kill()
        await process.wait()
        if number == 2:
            await place.store.approvals.approve(approval, RUI, "subject")
            await place.walk(run, "release", "deploy")
            await place.store.runs.finish(run.id, Status.SUCCEEDED)
    process = await life(place, tmp_path)
    try:
        await place.until(lambda: _all_said(place, run.id, said), 60)
        await asyncio.sleep(1)
        keys = await place.keys()
        assert len(keys) == len(set(keys))
    finally:
        process.kill()
        await process.wait()


async def _all_said(place: Town, run: str, said: list[str]) -> bool:
    own = ("card", "stage/build", "stage/test", "stage/release", "approval/approve-production", "ended")
    wanted = {f"{run}/{name}" for name in own} | {f"reply/msg/T0ESTIVA1/C0DEPLOYS/{ts}" for ts in said}
    return wanted <= set(await place.keys())
