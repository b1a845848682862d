"""A worker that was frozen in the middle of an action comes back when another has taken the run up: nothing doubles."""

import asyncio

import pytest

from storage.model.run import Status
from tests.engine.world import World, pipeline, plan


@pytest.mark.parametrize("option", [{}, {"fail": "it failed only for who was frozen"}, {"crash": "it broke"}])
async def test_a_worker_that_comes_back_late_changes_nothing(world: World, option: dict[str, str]) -> None:
    late = await world.start()
    run = await world.ask(plan(*pipeline(hold=True, **option)[1:]))
    await world.began(f"{run.id}/deploy/release/1")
    await world.until(run, lambda view: view.stages[0].actions[0].status is Status.RUNNING)
    assert await world.store.runs.begin_leg(run.id, 1)  # what another worker does first when it takes a run up
    before = await world.kinds(run)
    world.outside.held = False
    async with asyncio.timeout(10):
        while late.health()["actions"] or late.health()["legs"]:
            await world.view(run)
    assert await world.kinds(run) == before
    assert await world.store.releases.current("hello", "homolog") is None
    assert (await world.store.runs.get(run.id)).status is Status.RUNNING
    await world.stop(late)
    await world.start()
    ends = {"": Status.SUCCEEDED, "fail": Status.FAILED, "crash": Status.BROKEN}
    view = await world.ended(run)
    assert view.status is ends["".join(option)]
    assert len(world.outside.keys("began")) == 1
    assert len(await world.store.releases.history("hello", "homolog")) == (not option)
