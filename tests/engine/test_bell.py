"""What one process makes possible another begins at once: nobody waits for the next look around."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.model.gate import GateKind
from storage.model.run import Status
from storage.store import Store
from tests.engine.test_workers import hang_up
from tests.engine.world import LIMITS, World, pipeline, plan

BUILD, DEPLOY = pipeline()
SELDOM = replace(LIMITS, sweep=300)
"""So seldom that no story would wait for the look around."""


@pytest.fixture
async def other(world: World, tmp_path: Path) -> AsyncIterator[Store]:
    """What another process has of the same database; on SQLite, where there is none, our own."""
    world.limits = SELDOM
    if world.url.startswith("sqlite"):
        yield world.store
        return
    store = await Store.open(world.url, tmp_path / "other", clock=world.now)
    yield store
    await store.close()


async def test_a_gate_that_is_opened_elsewhere_lets_the_run_go_on_at_once(world: World, other: Store) -> None:
    await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    await world.until(run, lambda view: view.stages[1].wait is not None)
    assert await other.gates.open(run.id, "deploy", GateKind.PAUSE, "U0BOB")
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_a_cancel_elsewhere_stops_the_work_at_once(world: World, other: Store) -> None:
    await world.start()
    run = await world.ask(plan(*pipeline(sleep=60)))
    await world.began(f"{run.id}/build/image/1")
    assert await other.runs.request_cancel(run.id, "U0BOB")
    view = await world.ended(run)
    assert (view.status, view.cancelled_by) == (Status.CANCELLED, "U0BOB")
    assert len(world.outside.keys("stopped")) == 2


async def test_a_run_that_is_opened_elsewhere_begins_at_once(world: World, other: Store) -> None:
    await world.start()
    engines, world.engines = world.engines, []  # so that asking tells nobody here
    mine, world.store = world.store, other
    run = await world.ask(plan(*pipeline()))
    world.engines, world.store = engines, mine
    assert (await world.ended(run)).status is Status.SUCCEEDED


async def test_the_next_in_line_follows_at_once(world: World, other: Store) -> None:
    await world.start()
    first = await world.ask(plan(*pipeline(hold=True)[1:]))
    await world.began(f"{first.id}/deploy/release/1")
    second = await world.ask(plan(*pipeline()[1:]))
    await world.until(second, lambda view: view.queue_position == 1)
    await other.runs.request_cancel(first.id, "U0BOB")
    assert (await world.ended(second)).status is Status.SUCCEEDED


async def test_what_was_rung_while_the_connection_was_broken_is_not_missed(world: World, other: Store) -> None:
    if world.url.startswith("sqlite"):
        return  # it has no connection that could break
    await world.start()
    run = await world.ask(plan(BUILD, replace(DEPLOY, pause=True)))
    await world.until(run, lambda view: view.stages[1].wait is not None)
    assert await hang_up(world.url, "application_name = 'estiva-bell'") == 1
    assert await other.gates.open(run.id, "deploy", GateKind.PAUSE, "U0BOB")
    assert (await world.ended(run)).status is Status.SUCCEEDED
