from dataclasses import replace
from datetime import timedelta

from storage.model import artifact
from storage.model.approval import Approval
from storage.model.catalog import Stage
from storage.model.run import Run, Status
from tests.engine.world import HOMOLOG, PRODUCTION, World, action, gated, plan

TWO = replace(PRODUCTION, approvals=2)


async def waiting(world: World, run: Run) -> Approval:
    await world.until(run, lambda view: any(s.gate is not None for s in view.stages))
    approval = await world.store.approvals.pending_of(run.id)
    assert approval is not None
    return approval


async def test_production_waits_for_its_approval_and_then_goes_on(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    approval = await waiting(world, run)
    assert (approval.environment, approval.needed, approval.id) == ("production", 1, f"{run.id}/approve")
    assert await world.store.releases.current("hello", "production") is None
    assert await world.store.locks.queue("hello", "homolog") == []  # nobody is held up while people think
    assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok
    engine.wake()
    assert (await world.ended(run)).status is Status.SUCCEEDED
    release = await world.store.releases.current("hello", "production")
    assert release is not None
    assert release.digest == "sha256:" + "d" * 64


async def test_a_waiting_run_costs_no_leg(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    await waiting(world, run)
    for _ in range(200):
        if engine.health()["legs"] == 0:
            break
        await world.view(run)
    assert engine.health()["legs"] == 0
    assert engine.health()["actions"] == 0


async def test_two_people_have_to_say_yes_when_two_are_needed(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=TWO, others=[HOMOLOG]))
    approval = await waiting(world, run)
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    engine.wake()
    assert (await world.view(run)).status is Status.WAITING
    await world.store.approvals.approve(approval.id, "U0CAT", approval.subject)
    engine.wake()
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_rejection_ends_the_run_with_its_reason(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    approval = await waiting(world, run)
    await world.store.approvals.reject(approval.id, "U0BOB", "not on a Friday")
    engine.wake()
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.CANCELLED, "rejected by U0BOB: not on a Friday")
    assert await world.store.releases.current("hello", "production") is None


async def test_an_approval_that_nobody_gives_expires_and_ends_the_run(world: World) -> None:
    await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    approval = await waiting(world, run)
    world.ahead = timedelta(seconds=PRODUCTION.approval_ttl + 1)
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.CANCELLED, f"nobody approved in time (`{approval.id}` expired)")


async def test_a_plan_without_its_gate_releases_nothing(world: World) -> None:
    await world.start()
    stages = tuple(stage for stage in gated() if not stage.approval)
    run = await world.ask(plan(*stages, environment=PRODUCTION, others=[HOMOLOG]))
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.BROKEN, "nobody was asked to approve the release to production")
    assert world.outside.begun(f"{run.id}/live/live/1") is None


async def test_what_changed_after_the_approval_is_not_released(world: World) -> None:
    engine = await world.start()
    gate, live = gated()[2:]
    rebuild = Stage(name="rebuild", actions=(action("image", makes={artifact.DIGEST: "sha256:" + "e" * 64}),))
    promoted = {artifact.COMMIT: "c" * 40, artifact.DIGEST: "sha256:" + "d" * 64}
    run = await world.ask(plan(gate, rebuild, live, environment=PRODUCTION, artifacts=promoted))
    approval = await waiting(world, run)
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    engine.wake()
    view = await world.ended(run)
    assert view.status is Status.BROKEN
    assert "is for another commit, digest or configuration" in view.reason
    assert world.outside.begun(f"{run.id}/live/live/1") is None


async def test_an_approval_for_another_environment_does_not_count(world: World) -> None:
    engine = await world.start()
    stages = (Stage(name="ok", approval=True, environment="homolog"), gated()[3])
    run = await world.ask(plan(*stages, environment=PRODUCTION, others=[HOMOLOG]))
    approval = await waiting(world, run)
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    engine.wake()
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.BROKEN, "nobody was asked to approve the release to production")


async def test_an_approval_given_while_the_bot_was_down_counts(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(*gated(), environment=PRODUCTION, others=[HOMOLOG]))
    approval = await waiting(world, run)
    await world.stop(engine)
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED
