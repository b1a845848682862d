"""Actions under way that ask people: the run waits as a row, and goes on as they say, whatever dies meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from storage.model.approval import Approval, Decision
from storage.model.catalog import Stage
from storage.model.run import Plan, Run, Status
from tests.engine.world import HOMOLOG, World, action, pipeline, plan

LITTLE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""What has nothing to do with the database is shown on one."""


def asking(**options: object) -> Plan:
    return plan(pipeline()[0], pipeline(asks="canary", **options)[1])


async def question(world: World, run: Run) -> Approval:
    await world.until(run, lambda view: any(stage.question for stage in view.stages))
    (approval,) = [each for each in await world.store.approvals.pending() if each.run == run.id]
    return approval


async def parked(world: World) -> None:
    (engine,) = world.engines
    while engine.health()["legs"] or engine.health()["actions"]:
        await world.store.runs.recent()


async def test_an_action_that_asks_waits_as_a_row_and_goes_on(world: World) -> None:
    engine = await world.start()
    run = await world.ask(asking())
    approval = await question(world, run)
    assert (approval.id, approval.environment, approval.needed) == (f"{run.id}/deploy.canary", "homolog", 1)
    await parked(world)
    view = await world.view(run)
    assert view.status is Status.WAITING
    assert [stage.question for stage in view.stages if stage.question] == ["shall release go on?"]
    assert run.id in await world.store.locks.queue("hello", "homolog"), "nobody deploys there meanwhile"
    assert (await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)).ok
    engine.wake()
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert world.outside.keys("looked") == [f"{run.id}/deploy/release/1"] * 2


@LITTLE
async def test_a_no_is_told_to_the_action(world: World) -> None:
    engine = await world.start()
    run = await world.ask(asking())
    approval = await question(world, run)
    await world.store.approvals.reject(approval.id, "U0BOB", "too many errors")
    engine.wake()
    view = await world.ended(run)
    assert (view.status, view.reason) == (Status.FAILED, "deploy/release: U0BOB said no: too many errors")


@LITTLE
async def test_no_answer_in_time_is_a_no(world: World) -> None:
    await world.start()
    run = await world.ask(asking())
    await question(world, run)
    world.ahead = timedelta(days=1, seconds=1)
    assert (await world.ended(run)).reason == "deploy/release: estiva said no: "


async def test_a_cancelled_run_waits_for_nobody(world: World) -> None:
    engine = await world.start()
    run = await world.ask(asking())
    approval = await question(world, run)
    await parked(world)
    await engine.cancel(run.id, "U0ANN")
    assert (await world.ended(run)).status is Status.CANCELLED
    assert world.outside.keys("stopped") == [f"{run.id}/deploy/release/1"]
    found = await world.store.approvals.get(approval.id)
    assert found is not None
    assert found.decision is Decision.CANCELLED


async def test_what_was_answered_elsewhere_is_seen_and_asked_no_more(world: World) -> None:
    await world.start()
    run = await world.ask(asking(look_again=0.1))
    approval = await question(world, run)
    await parked(world)
    (world.outside.folder / "canary").touch()
    assert (await world.ended(run)).status is Status.SUCCEEDED
    found = await world.store.approvals.get(approval.id)
    assert found is not None
    assert found.decision is Decision.CANCELLED
    view = await world.view(run)
    assert [s.gate.decision for s in view.stages if s.question and s.gate] == [Decision.CANCELLED]


@LITTLE
async def test_a_restart_finds_the_question_open(world: World) -> None:
    engine = await world.start()
    run = await world.ask(asking())
    approval = await question(world, run)
    await world.stop(engine)
    again = await world.start()
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    again.wake()
    assert (await world.ended(run)).status is Status.SUCCEEDED


def two(**second: Any) -> Plan:
    """Two actions beside each other, each of which asks; the first looks again once in an hour."""
    actions = (action("one", asks="red"), action("two", asks="blue", **second))
    return plan(Stage(name="build", actions=actions), environment=HOMOLOG)


@LITTLE
async def test_of_two_that_ask_each_is_looked_after(world: World) -> None:
    engine = await world.start()
    run = await world.ask(two(look_again=0.3))
    await world.until(run, lambda view: sum(bool(stage.question) for stage in view.stages) == 2)
    (world.outside.folder / "blue").touch()
    await world.until(run, lambda view: view.stages[0].actions[1].status is Status.SUCCEEDED)
    await parked(world)
    looked, leg = len(world.outside.keys("looked")), (await world.store.runs.get(run.id)).leg
    await asyncio.sleep(1.5)  # several rounds of the sweep
    assert (await world.store.runs.get(run.id)).leg == leg, "it waits for people, and wakes for nobody"
    assert len(world.outside.keys("looked")) == looked
    (pending,) = await world.store.approvals.pending()
    assert pending.stage == "build.red"
    await world.store.approvals.approve(pending.id, "U0BOB", pending.subject)
    engine.wake()
    assert (await world.ended(run)).status is Status.SUCCEEDED
