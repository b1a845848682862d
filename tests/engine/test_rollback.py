"""An action that fails and rolls back: the environment runs again what ran there before the run."""

from dataclasses import replace
from typing import Any

from storage.model.catalog import OnFailure, Stage
from storage.model.event import Kind
from storage.model.run import Plan, Run, Status
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, plan

OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def going(digest: str, *smoke: Any, port: int = 8000, **deploy: Any) -> Plan:
    """Deploy to homolog and try it there."""
    stages = (
        Stage(name="build", actions=(action("image", makes={"digest": digest}),)),
        Stage(name="deploy", environment="homolog", actions=(action("release", uses="deploy", **deploy),)),
        *((Stage(name="smoke", environment="homolog", actions=smoke),) if smoke else ()),
    )
    made = plan(*stages)
    return replace(made, service=replace(made.service, port=port))


def bad(**rest: Any) -> Any:
    return action("probe", fail="404", on_failure=OnFailure.ROLLBACK, **rest)


async def released(world: World, digest: str = OLD, **rest: Any) -> Run:
    run = await world.ask(going(digest, **rest))
    assert (await world.ended(run)).status is Status.SUCCEEDED
    return run


async def test_what_ran_before_runs_again_and_the_run_fails_saying_so(world: World) -> None:
    await world.start()
    before = await released(world, port=7000)
    run = await world.ask(going(NEW, bad()))
    view = await world.ended(run)
    back = f"homolog was put back to `ccccccc` ({before.id})"
    assert (view.status, view.reason) == (Status.FAILED, f"smoke/probe: 404; {back}")
    assert [key for key in world.outside.keys("runs") if key.startswith(f"{run.id}/")] == [
        f"{run.id}/deploy/release/1 {NEW} 8000",
        f"{run.id}/rollback-homolog/rollback/1 {OLD} 7000",
    ]
    current = await world.store.releases.current("hello", "homolog")
    assert current is not None
    assert (current.run, current.digest) == (run.id, OLD)
    kinds = await world.kinds(run)
    assert kinds.index("rollback_started") < len(kinds) - 1 - kinds[::-1].index("released")
    added = view.stages[-1]
    assert (added.stage.name, added.status) == ("rollback-homolog", Status.SUCCEEDED)


async def test_after_it_the_next_rollback_goes_further_back(world: World) -> None:
    await world.start()
    await released(world, "sha256:first")
    second = await released(world)
    await world.ended(await world.ask(going(NEW, bad())))
    (lock,) = await world.store.holds.active()
    assert await world.store.holds.release(lock.id, "UANA"), "what put it back keeps the next deploy out"
    previous = await world.store.releases.previous("hello", "homolog")
    assert previous is not None
    assert previous.digest == "sha256:first"
    again = await world.ask(going(NEW, bad()))
    assert (await world.ended(again)).reason.endswith(f"put back to `ccccccc` ({second.id})")


async def test_with_nothing_before_there_is_nothing_to_go_back_to(world: World) -> None:
    await world.start()
    run = await world.ask(going(NEW, bad()))
    view = await world.ended(run)
    assert (view.status, view.reason) == (
        Status.FAILED,
        "smoke/probe: 404; nothing ran in homolog before to go back to",
    )
    assert "rollback_started" not in await world.kinds(run)


async def test_a_deploy_that_fails_is_put_back_too(world: World) -> None:
    await world.start()
    before = await released(world)
    run = await world.ask(going(NEW, fail="sick", spare=True, on_failure=OnFailure.ROLLBACK))
    view = await world.ended(run)
    assert view.reason == f"deploy/release: sick; homolog was put back to `ccccccc` ({before.id})"
    assert [e.data["digest"] for e in await world.events(run) if e.kind is Kind.RELEASED] == [OLD]


async def test_what_still_runs_is_no_new_release(world: World) -> None:
    await world.start()
    before = await released(world)
    run = await world.ask(going(NEW, fail="sick", spare=True, there=True, on_failure=OnFailure.ROLLBACK))
    assert (await world.ended(run)).status is Status.FAILED
    current = await world.store.releases.current("hello", "homolog")
    assert current is not None
    assert current.run == before.id


async def test_a_rollback_that_fails_is_said(world: World) -> None:
    await world.start()
    before = await released(world)
    run = await world.ask(going(NEW, fail="sick", on_failure=OnFailure.ROLLBACK))
    view = await world.ended(run)
    back = f"homolog could not be put back to `ccccccc` ({before.id}): sick"
    assert (view.status, view.reason) == (Status.FAILED, f"deploy/release: sick; {back}")


async def test_what_was_not_touched_is_left_alone(world: World) -> None:
    await world.start()
    await released(world)
    stage = Stage(name="deploy", environment="homolog", actions=(bad(), action("release", uses="deploy", run_order=2)))
    run = await world.ask(plan(stage))
    assert (await world.ended(run)).reason == "deploy/probe: 404; homolog was not touched"
    assert len(world.outside.keys("runs")) == 1


async def test_a_cancellation_does_not_stop_it(world: World) -> None:
    engine = await world.start()
    await released(world)
    run = await world.ask(going(NEW, bad(), hold_back=True))
    await world.began(f"{run.id}/rollback-homolog/rollback/1")
    await engine.cancel(run.id, "U0BOB")
    await world.stop(engine)
    await world.start()
    world.outside.held = False
    view = await world.ended(run)
    assert view.status is Status.FAILED
    assert "homolog was put back" in view.reason


async def test_it_is_found_again_after_a_restart_and_the_lock_is_kept(world: World) -> None:
    engine = await world.start()
    await released(world)
    run = await world.ask(going(NEW, bad(), hold_back=True))
    await world.began(f"{run.id}/rollback-homolog/rollback/1")
    after = await world.ask(going(NEW))
    await world.until(after, lambda view: view.queue_position == 1)
    await world.stop(engine)
    await world.start()
    world.outside.held = False
    assert "homolog was put back" in (await world.ended(run)).reason
    assert world.outside.keys("found") == [f"{run.id}/rollback-homolog/rollback/1"]
    await world.until(after, lambda view: any(stage.wait for stage in view.stages))
    (lock,) = await world.store.holds.active()
    assert lock.rollback == run.id
    assert await world.store.holds.release(lock.id, "UANA")
    assert (await world.ended(after)).status is Status.SUCCEEDED


async def test_production_is_put_back_without_being_asked_again(world: World) -> None:
    await world.start()

    async def go(*stages: Stage) -> Run:
        run = await world.ask(plan(*stages, environment=PRODUCTION, others=[HOMOLOG]))
        await world.until(run, lambda view: any(s.gate is not None for s in view.stages))
        approval = await world.store.approvals.pending_of(run.id)
        assert approval is not None
        assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok
        await world.ended(run)
        return run

    first = await go(*gated())
    # what was approved is not what is there by then: it makes no difference to what comes back
    other = action("other", makes={"digest": "sha256:other"}, sleep=0.3)
    smoke = Stage(name="smoke", environment="production", actions=(bad(), other))
    build = Stage(name="build", actions=(action("image", makes={"digest": NEW}),))
    run = await go(build, *gated()[1:], smoke)
    assert (await world.view(run)).reason.endswith(f"production was put back to `ccccccc` ({first.id})")
    live = await world.store.releases.current("hello", "production")
    assert live is not None
    assert live.digest == "sha256:" + "d" * 64
