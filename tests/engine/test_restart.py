from storage.model.run import Status
from tests.engine.world import World, pipeline, plan


async def test_a_run_goes_on_after_a_stop_and_a_new_start(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.6)))
    await world.began(f"{run.id}/build/image/1")
    await world.until(run, lambda view: all(a.status is Status.RUNNING for a in view.stages[0].actions))
    before = await world.kinds(run)
    await world.stop(engine)
    assert await world.kinds(run) == before  # a stop is no fact of the run
    assert len(world.outside.keys("abandoned")) == 2
    assert world.outside.keys("stopped") == []
    await world.start()
    view = await world.ended(run)
    assert view.status is Status.SUCCEEDED
    assert len(world.outside.keys("found")) == 2
    assert len(world.outside.keys("began")) == 3


async def test_a_stop_at_any_moment_loses_and_doubles_nothing(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.15)))
    for _ in range(6):
        await world.stop(engine)
        engine = await world.start()
        await world.view(run)
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert len(world.outside.keys("began")) == 3


async def test_stopping_takes_a_moment_only(world: World) -> None:
    import time

    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=30)))
    await world.began(f"{run.id}/build/image/1")
    since = time.monotonic()
    await world.stop(engine)
    assert time.monotonic() - since < 3


async def test_the_loops_own_threads_work_after_a_stop(world: World) -> None:
    import asyncio

    engine = await world.start()
    await world.stop(engine)
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_health_tells_how_it_goes(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*pipeline(sleep=0.5)))
    await world.began(f"{run.id}/build/image/1")
    health = engine.health()
    assert (health["ok"], health["legs"], health["failing"]) == (True, 1, {})
    await world.stop(engine)
    assert engine.health()["ok"] is False
    await world.start()
    await world.ended(run)
