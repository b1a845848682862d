"""How many containers run: as somebody said last, whatever is deployed, put back or restarted after that."""

from dataclasses import replace

from storage.model.event import Kind
from storage.model.run import Run, Status, Trigger
from tests.engine.test_rollback import NEW, OLD, bad, going, released
from tests.engine.world import World


async def scaled(world: World, count: int, *smoke: object) -> Run:
    plan = replace(going(OLD, *smoke), trigger=Trigger.SCALE, replicas=count)
    run = await world.ask(replace(plan, stages=plan.stages[1:], artifacts={"digest": OLD, "commit": "c" * 40}))
    await world.ended(run)
    return run


def runs(world: World, run: Run) -> list[str]:
    """What was brought to run, without the digest: `deploy/release/1 x3`."""
    mine = [key for key in world.outside.keys("runs") if key.startswith(f"{run.id}/")]
    return [" ".join(word for word in key.partition("/")[2].split() if word not in (OLD, NEW, "8000")) for key in mine]


async def running(world: World) -> int | None:
    current = await world.store.releases.current("hello", "homolog")
    assert current is not None
    return current.replicas


async def test_a_number_stays_until_somebody_says_another(world: World) -> None:
    await world.start()
    first = await released(world)
    assert (runs(world, first), await running(world)) == (["deploy/release/1"], None)
    run = await scaled(world, 3)
    assert (runs(world, run), await running(world)) == (["deploy/release/1 x3"], 3)
    (fact,) = [event for event in await world.events(run) if event.kind is Kind.RELEASED]
    assert fact.data["replicas"] == 3
    later = await released(world, NEW)
    assert (runs(world, later), await running(world)) == (["deploy/release/1 x3"], 3)
    await world.sound()


async def test_a_number_that_fails_is_put_back_to_the_one_before(world: World) -> None:
    await world.start()
    await released(world)
    await scaled(world, 3)
    run = await scaled(world, 5, bad())
    assert (await world.view(run)).status is Status.FAILED
    assert runs(world, run) == ["deploy/release/1 x5", "rollback-homolog/rollback/1 x3"]
    assert await running(world) == 3
    (lock,) = await world.store.holds.active()
    assert await world.store.holds.release(lock.id, "UANA")
    failed = await world.ask(going(NEW, bad()))
    await world.ended(failed)
    assert runs(world, failed) == ["deploy/release/1 x3", "rollback-homolog/rollback/1 x3"]
    assert await running(world) == 3
