"""Gates before a stage: a pause, a window, the same digest elsewhere. The run waits as a row."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dbos import DBOS

from storage.model import artifact
from storage.model.catalog import Stage
from storage.model.event import Kind
from storage.model.gate import GateKind
from storage.model.run import Run, Status
from storage.model.view import RunView
from storage.model.window import DAYS, Window
from tests.engine.world import HOMOLOG, PRODUCTION, World, gated, pipeline, plan

BUILD, DEPLOY = pipeline()


def at_gate(kind: GateKind) -> object:
    return lambda view: any(stage.wait is not None and stage.wait.kind is kind for stage in view.stages)


def opening_in(hours: int) -> Window:
    """A window of an hour, every day, that opens in some hours from now."""
    hour = (datetime.now(UTC).hour + hours) % 24
    return Window(begins=60 * hour, ends=60 * hour + 60)


async def paused(world: World, run: Run) -> RunView:
    return await world.until(run, at_gate(GateKind.PAUSE))


async def resume(world: World, run: Run) -> bool:
    (gate,) = await world.store.gates.closed(run.id)
    opened = await world.store.gates.open(gate.run, gate.stage, gate.kind, "U0BOB")
    world.engines[0].wake()
    return opened


async def test_a_run_waits_at_a_pause_until_somebody_resumes_it(world: World) -> None:
    await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    view = await paused(world, run)
    assert (view.status, view.stages[1].status) == (Status.WAITING, Status.WAITING)
    assert (await world.store.runs.get(run.id)).status is Status.WAITING
    assert await resume(world, run)
    assert (await world.ended(run)).status is Status.SUCCEEDED
    gates = [(e.kind, e.actor, e.data["stage"], e.data["gate"]) for e in await world.events(run) if "gate" in e.data]
    assert gates == [
        (Kind.GATE_WAITING, "estiva", "deploy", "pause"),
        (Kind.GATE_OPENED, "U0BOB", "deploy", "pause"),
    ]


async def test_a_run_at_a_pause_lets_others_into_the_environment_where_it_has_not_begun(world: World) -> None:
    await world.start()
    first = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    await paused(world, first)
    assert (await world.ended(await world.ask(plan(*pipeline())))).status is Status.SUCCEEDED
    await resume(world, first)
    assert (await world.ended(first)).status is Status.SUCCEEDED


async def test_a_run_at_a_pause_keeps_the_environment_where_it_has_begun(world: World) -> None:
    await world.start()
    first = await world.ask(plan(DEPLOY, replace(DEPLOY, name="second", pause=True)))
    await paused(world, first)
    second = await world.ask(plan(*pipeline()))
    await world.until(second, lambda view: view.queue_position == 1)
    await resume(world, first)
    assert (await world.ended(first)).status is Status.SUCCEEDED
    assert (await world.ended(second)).status is Status.SUCCEEDED


async def test_behind_an_open_pause_a_run_keeps_its_place_in_the_queue(world: World) -> None:
    await world.start()
    holder = await world.ask(plan(*pipeline(hold=True)[1:]))
    await world.began(f"{holder.id}/deploy/release/1")
    first = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    await paused(world, first)
    await resume(world, first)
    await world.until(first, lambda view: view.queue_position == 1)
    second = await world.ask(plan(*pipeline()))
    await world.until(second, lambda view: view.queue_position == 2)
    world.outside.held = False
    taken = {}
    for run in (holder, first, second):
        assert (await world.ended(run)).status is Status.SUCCEEDED
        taken[run.id] = [event.id for event in await world.events(run) if event.kind is Kind.LOCK_TAKEN]
    assert taken[first.id] < taken[second.id]
    assert [len(times) for times in taken.values()] == [1, 1, 1]


async def test_waiting_is_a_row_and_nothing_else(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    await paused(world, run)
    async with asyncio.timeout(10):
        while engine.health()["legs"] or await DBOS.list_workflows_async(status=["PENDING", "ENQUEUED"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the leg ends a moment after the run is parked
    assert engine.health()["actions"] == 0
    assert await world.store.runs.ready() == []


async def test_a_window_opens_by_the_clock(world: World) -> None:
    await world.start()
    window = opening_in(3)
    run = await world.ask(plan(BUILD, replace(DEPLOY, window=window)))
    view = await world.until(run, at_gate(GateKind.WINDOW))
    wait = view.stages[1].wait
    assert wait is not None
    assert wait.opens_at == window.opens(world.now())
    world.ahead = timedelta(hours=3)
    assert (await world.ended(run)).status is Status.SUCCEEDED
    opened = [event for event in await world.events(run) if event.kind is Kind.GATE_OPENED]
    assert [event.data["by"] for event in opened] == ["estiva"]


async def test_an_open_window_is_not_waited_for(world: World) -> None:
    await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, window=Window(days=DAYS))))
    assert (await world.ended(run)).status is Status.SUCCEEDED
    assert "gate_waiting" not in await world.kinds(run)


async def test_a_window_that_closed_while_the_run_was_queued_is_waited_for_again(world: World) -> None:
    engine = await world.start()
    window = opening_in(0)
    first = await world.ask(plan(*pipeline(hold=True)[1:]))
    await world.began(f"{first.id}/deploy/release/1")
    second = await world.ask(plan(replace(DEPLOY, window=window)))
    await world.until(second, lambda view: view.queue_position == 1)
    third = await world.ask(plan(*pipeline()[1:]))
    await world.until(third, lambda view: view.queue_position == 2)
    world.ahead = timedelta(hours=2)
    world.outside.held = False
    view = await world.until(second, at_gate(GateKind.WINDOW))
    assert view.queue_position is None
    assert (await world.ended(third)).status is Status.SUCCEEDED  # it does not wait behind who waits for a day
    world.ahead = timedelta(hours=24)
    engine.wake()
    assert (await world.ended(second)).status is Status.SUCCEEDED


async def test_a_pause_and_then_a_window_and_an_approval_before_both(world: World) -> None:
    engine = await world.start()
    gate = Stage(name="gate", approval=True, environment="production", pause=True, window=opening_in(2))
    run = await world.ask(plan(*pipeline(), gate, gated()[3], environment=PRODUCTION, others=[HOMOLOG]))
    await world.until(run, lambda view: view.stages[2].gate is not None)
    assert await world.store.gates.closed(run.id) == []
    approval = await world.store.approvals.pending_of(run.id)
    assert approval is not None
    await world.store.approvals.approve(approval.id, "U0BOB", approval.subject)
    engine.wake()
    await paused(world, run)
    await resume(world, run)
    await world.until(run, at_gate(GateKind.WINDOW))
    assert not world.outside.begun(f"{run.id}/live/live/1")
    world.ahead = timedelta(hours=2)
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_run_that_waits_at_a_gate_is_cancelled_at_once(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, window=opening_in(3))))
    await world.until(run, at_gate(GateKind.WINDOW))
    await engine.cancel(run.id, "U0BOB")
    view = await world.ended(run)
    assert (view.status, view.stages[1].skipped, view.stages[1].wait) == (Status.CANCELLED, True, None)
    assert await world.store.gates.closed(run.id) == []
    world.ahead = timedelta(hours=3)
    assert await world.store.gates.due(world.now()) == []


async def test_a_gate_that_opened_while_the_bot_was_down_counts(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, pause=True, window=opening_in(2))))
    await paused(world, run)
    await world.stop(engine)
    (gate,) = await world.store.gates.closed(run.id)
    assert await world.store.gates.open(gate.run, gate.stage, gate.kind, "U0BOB")
    world.ahead = timedelta(hours=2)
    await world.start()
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_what_has_not_succeeded_elsewhere_is_not_run(world: World) -> None:
    await world.start()
    live = replace(gated()[3], succeeded_in="homolog", environment="homolog", name="after")
    run = await world.ask(plan(BUILD, live))
    view = await world.ended(run)
    assert view.status is Status.FAILED
    assert view.reason == (
        "stage `after` was not run: image sha256:dddddddddddd has not succeeded in homolog; deploy it there first"
    )
    assert view.stages[1].skipped


async def test_a_release_counts_as_success_only_when_all_of_its_stages_went_well(world: World) -> None:
    await world.start()
    smoke = Stage(name="smoke", actions=pipeline(fail="500")[0].actions[1:], environment="homolog")
    checked = Stage(name="checked", actions=pipeline()[0].actions[1:], succeeded_in="homolog")
    promoted = {artifact.COMMIT: "c" * 40, artifact.DIGEST: "sha256:" + "d" * 64}
    assert (await world.ended(await world.ask(plan(*pipeline(), smoke)))).status is Status.FAILED
    assert await world.store.releases.current("hello", "homolog") is not None
    refused = await world.ended(await world.ask(plan(checked, artifacts=promoted)))
    assert (refused.status, world.outside.begun(f"{refused.run.id}/checked/test/1")) == (Status.FAILED, None)
    same_run = await world.ended(await world.ask(plan(*pipeline(), checked)))
    assert same_run.status is Status.SUCCEEDED
    assert (await world.ended(await world.ask(plan(checked, artifacts=promoted)))).status is Status.SUCCEEDED
