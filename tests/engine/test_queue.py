from storage.model.run import Status
from tests.engine.world import World, pipeline, plan


async def test_a_second_run_waits_for_the_environment_and_follows_at_once(world: World) -> None:
    await world.start()
    first = await world.ask(plan(*pipeline(hold=True)[1:]))
    await world.began(f"{first.id}/deploy/release/1")
    second = await world.ask(plan(*pipeline()))
    view = await world.until(second, lambda view: view.queue_position == 1)
    assert (view.status, view.queue_environment) == (Status.WAITING, "homolog")
    world.outside.held = False
    assert (await world.ended(first)).status is Status.SUCCEEDED
    assert (await world.ended(second)).status is Status.SUCCEEDED
    one, two = await world.action(first, "release"), await world.action(second, "release")
    assert one.ended_at
    assert two.started_at
    assert two.started_at >= one.ended_at


async def test_ten_runs_deploy_one_at_a_time_in_their_order(world: World) -> None:
    await world.start()
    deploy = pipeline(sleep=0.02)[1:]
    runs = [await world.ask(plan(*deploy)) for _ in range(10)]
    for run in runs:
        assert (await world.ended(run, seconds=30)).status is Status.SUCCEEDED
    began = world.outside.keys("began")
    done = world.outside.keys("done")
    assert began == done  # nothing began before what began before it was done
    queue = {run.id: n for n, run in enumerate(runs)}
    order = [queue[key.split("/")[0]] for key in began]
    assert sorted(order) == list(range(10))


async def test_a_failed_run_lets_the_next_one_in(world: World) -> None:
    await world.start()
    first = await world.ask(plan(*pipeline(hold=True, fail="no")[1:]))
    await world.began(f"{first.id}/deploy/release/1")
    second = await world.ask(plan(*pipeline()[1:]))
    await world.until(second, lambda view: view.queue_position == 1)
    world.outside.held = False
    assert (await world.ended(first)).status is Status.FAILED
    assert (await world.ended(second)).status is Status.SUCCEEDED
