"""How the runs of one pipeline meet at the lock of an environment."""

from dataclasses import replace

from storage.model.catalog import Mode, Stage
from storage.model.run import Plan, Status
from storage.model.view import RunView
from tests.engine.world import World, action, pipeline, plan

DEPLOY = pipeline(hold=True)[1:]


def superseded(name: str = "default") -> Plan:
    return replace(plan(*DEPLOY), mode=Mode.SUPERSEDED, pipeline=name)


def second_in_line(view: RunView) -> bool:
    return view.queue_position == 1


async def test_the_newest_that_waits_takes_the_place_of_an_older_one(world: World) -> None:
    await world.start()
    working = await world.ask(superseded())
    await world.began(f"{working.id}/deploy/release/1")
    older = await world.ask(superseded())
    await world.until(older, second_in_line)
    newest = await world.ask(superseded())
    view = await world.ended(older)
    assert (view.status, view.reason) == (Status.CANCELLED, f"superseded by {newest.id}")
    assert view.superseded_by == newest.id
    await world.until(newest, second_in_line)
    world.outside.held = False
    assert (await world.ended(working)).status is Status.SUCCEEDED
    assert (await world.ended(newest)).status is Status.SUCCEEDED
    assert world.outside.begun(f"{older.id}/deploy/release/1") is None


async def test_an_older_run_that_comes_later_to_the_lock_makes_way_itself(world: World) -> None:
    await world.start()
    working = await world.ask(superseded())
    await world.began(f"{working.id}/deploy/release/1")
    build = Stage(name="build", actions=(action("image", sleep=0.6),))
    older = await world.ask(replace(superseded(), stages=(build, *DEPLOY)))
    newest = await world.ask(superseded())
    await world.until(newest, second_in_line)
    assert (await world.ended(older)).reason == f"superseded by {newest.id}"
    world.outside.held = False
    assert (await world.ended(newest)).status is Status.SUCCEEDED


async def test_only_runs_of_the_same_pipeline_and_mode_are_superseded(world: World) -> None:
    await world.start()
    working = await world.ask(superseded())
    await world.began(f"{working.id}/deploy/release/1")
    others = []
    for number, other in enumerate((superseded("quick"), plan(*DEPLOY)), 1):
        others.append(await world.ask(other))  # one after the other: two legs may come to the lock in any order
        await world.until(others[-1], lambda view, number=number: view.queue_position == number)
    newest = await world.ask(superseded())
    await world.until(newest, lambda view: view.queue_position == 3)
    world.outside.held = False
    for run in (working, *others, newest):
        assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_cancelled_run_that_waits_is_cancelled_and_not_superseded(world: World) -> None:
    engine = await world.start()
    working = await world.ask(superseded())
    await world.began(f"{working.id}/deploy/release/1")
    older = await world.ask(superseded())
    await world.until(older, second_in_line)
    await engine.cancel(older.id, "U0BOB")
    newest = await world.ask(superseded())
    assert (await world.ended(older)).status is Status.CANCELLED
    world.outside.held = False
    assert (await world.ended(newest)).status is Status.SUCCEEDED


async def test_runs_in_parallel_meet_only_where_they_deploy(world: World) -> None:
    await world.start()
    build = Stage(name="build", environment="homolog", actions=(action("image"),))
    smoke = Stage(name="smoke", environment="homolog", actions=(action("probe"),))
    going = replace(plan(build, *DEPLOY, smoke), mode=Mode.PARALLEL)
    first, second = await world.ask(going), await world.ask(going)
    await world.until(first, lambda view: view.stages[0].status is Status.SUCCEEDED)
    await world.until(second, lambda view: view.stages[0].status is Status.SUCCEEDED)
    waits = await world.until_any((first, second), second_in_line)
    assert world.outside.begun(f"{waits.run.id}/deploy/release/1") is None
    world.outside.held = False
    views = [await world.ended(run) for run in (first, second)]
    assert [view.status for view in views] == [Status.SUCCEEDED, Status.SUCCEEDED]
    one, two = sorted(views, key=lambda view: view.stages[1].actions[0].started_at or view.run.opened_at)
    # the lock holds from the deploy to the last stage there
    assert one.stages[2].actions[0].ended_at
    assert two.stages[1].actions[0].started_at
    assert one.stages[2].actions[0].ended_at <= two.stages[1].actions[0].started_at
