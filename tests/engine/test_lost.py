"""What nobody foresees: a leg that breaks or gets lost ends its run with a reason, never in silence."""

import dataclasses
from pathlib import Path

import pytest
from dbos import DBOS

from runners.engine import Engine
from runners.lease import EngineBusy
from storage.model.catalog import Registry, Stage
from storage.model.run import Status
from tests.engine.world import World, action, pipeline, plan


async def test_a_leg_that_is_lost_ends_its_run_and_stops_its_work(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(sleep=30)))
    await world.began(f"{run.id}/build/image/1")
    await world.began(f"{run.id}/build/test/1")
    await DBOS.cancel_workflow_async(f"{run.id}/1")  # what an operator may do, as a last resort
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.BROKEN, "leg 1 was lost to an error: see the log")
    await world.until(run, lambda _: len(world.outside.keys("stopped")) == 2)
    assert (await world.kinds(run))[-1] == "run_ended"


async def test_a_leg_that_breaks_ends_its_run_and_says_why(world: World) -> None:
    await world.start()
    nameless = plan(Stage(name="deploy", actions=(action("release"),), environment="moon"))
    unknown = dataclasses.replace(nameless, stages=(*nameless.stages, Stage(name="deploy")))
    run = await world.ask(unknown)
    view = await world.ended(run)
    assert view.status is Status.BROKEN
    assert "names the environment `moon`, which the plan lacks" in view.reason


async def test_an_older_history_of_the_engine_does_not_hold_the_runs_of_a_fresh_store(tmp_path: Path) -> None:
    for name in ("old", "new"):
        world = await World(f"sqlite:///{tmp_path / name}.db", tmp_path).open()
        await world.start()
        run = await world.ask(plan(Stage(name="build", actions=(action("one"),))))
        assert run.id == "hello-1"
        assert (await world.ended(run)).status is Status.SUCCEEDED
        await world.close()


async def test_the_engine_starts_once_in_a_process(world: World) -> None:
    first = await world.start()
    second = Engine(world.store, {}, lambda: Registry(host="nowhere"), world.data / "other")
    with pytest.raises(EngineBusy, match="an engine already runs in this process"):
        await second.start()
    await second.stop()
    run = await world.ask(plan(*pipeline()))
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert first.health()["ok"] is True
