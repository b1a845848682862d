"""One look tells for which tasks there is something to do: for each when it is due, and not before."""

from datetime import timedelta

import pytest

from storage.due import Task
from storage.model.approval import Question
from storage.model.catalog import ApprovalRule
from storage.model.gate import GateKind
from storage.model.hold import HoldKind
from storage.model.run import Status
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import walking

HOUR = timedelta(hours=1)


async def test_mostly_there_is_nothing_to_do(store: Store, clock: Clock) -> None:
    assert await store.due.at(clock.now) == frozenset()
    await walking(store, 1)
    await store.holds.take(HoldKind.LOCK, "hello", "homolog", "U0ANA0001", "the fair")
    assert await store.due.at(clock.now + 1000 * HOUR) == frozenset()


@pytest.mark.parametrize(
    "rule", [ApprovalRule(remind=3600), ApprovalRule(escalate_after=3600, escalate_to=("U0LEAD",))]
)
async def test_a_question_is_due_when_people_are_told_and_when_it_expires(
    store: Store, clock: Clock, rule: ApprovalRule
) -> None:
    run, asked = await walking(store, 1), clock.now
    await store.approvals.ask(run.id, "approve-production", "production", "x" * 64, 1, asked + 3 * HOUR, rule)
    assert await store.due.at(asked + HOUR / 2) == frozenset()
    assert await store.due.at(asked + 1.1 * HOUR) == {Task.REMIND}
    assert await store.due.at(asked + 3 * HOUR) == {Task.REMIND, Task.EXPIRE}
    await store.runs.finish(run.id, Status.CANCELLED)
    assert await store.due.at(asked + 9 * HOUR) == frozenset()


async def test_a_question_of_an_action_is_due_when_the_action_is_to_look(store: Store, clock: Clock) -> None:
    run, asked = await walking(store, 1), clock.now
    question = Question(asked_by="test/unit", text="Go on?", look_at=asked + HOUR)
    await store.approvals.ask(
        run.id, "approve-production", "production", "x" * 64, 1, asked + 3 * HOUR, question=question
    )
    assert await store.due.at(asked + HOUR / 2) == frozenset()
    assert await store.due.at(asked + HOUR) == {Task.LOOK_AGAIN}


async def test_a_gate_is_due_when_the_clock_opens_it(store: Store, clock: Clock) -> None:
    now = clock.now
    await store.gates.wait((await walking(store, 1)).id, "test", GateKind.PAUSE)
    run = await walking(store, 2)
    await store.gates.wait(run.id, "test", GateKind.WINDOW, now + HOUR)
    assert await store.due.at(now + HOUR / 2) == frozenset()
    assert await store.due.at(now + HOUR) == {Task.OPEN}
    await store.gates.open(run.id, "test", GateKind.WINDOW)
    assert await store.due.at(now + HOUR) == frozenset()


async def test_holds_are_due_at_their_end_and_while_a_run_waits_for_one(store: Store, clock: Clock) -> None:
    now = clock.now
    await store.holds.take(HoldKind.LOCK, "hello", "homolog", "U0ANA0001", "the fair", now + HOUR)
    assert await store.due.at(now) == frozenset()
    assert await store.due.at(now + HOUR) == {Task.LET_IN}
    run = await walking(store, 1)
    kept = await store.holds.hindering("hello", "homolog", "U0BIA0002", run.plan.trigger, now)
    assert kept is not None
    await store.holds.wait(run, "test", "homolog", kept)
    assert await store.due.at(now) == {Task.LET_IN}


async def test_a_lock_that_is_kept_beyond_the_end_of_its_run_is_due(store: Store, clock: Clock) -> None:
    run = await walking(store, 1)
    assert (await store.locks.enter(run.id, "hello", "homolog")).held
    assert await store.due.at(clock.now) == frozenset()
    await store.runs.finish(run.id, Status.CANCELLED, keeping=["homolog"])
    assert await store.due.at(clock.now) == {Task.LET_GO}
    await store.locks.leave(run.id, "homolog")
    assert await store.due.at(clock.now) == frozenset()
