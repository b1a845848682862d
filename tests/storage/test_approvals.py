"""An approval is asked once, decided once, by others, about exactly one thing."""

import asyncio
from datetime import timedelta

import pytest

from storage.approvals import Why
from storage.model.approval import Approval, Decision
from storage.model.event import Kind
from storage.model.run import Status
from storage.store import Store
from tests.storage.conftest import Clock
from tests.storage.nouns import PRODUCTION, walking

GATE = "hello-1/approve-production"
HASH = "a" * 64


async def ask(store: Store, clock: Clock, needed: int = 1) -> Approval:
    return await store.approvals.ask(
        "hello-1", "approve-production", "production", HASH, needed, clock.now + timedelta(hours=24)
    )


@pytest.fixture
async def gate(store: Store, clock: Clock) -> Approval:
    await walking(store, 1, environment=PRODUCTION)
    return await ask(store, clock)


async def kinds(store: Store) -> list[Kind]:
    return [event.kind for event in await store.journal.of_run("hello-1")]


async def test_asking_parks_the_run(store: Store, gate: Approval, clock: Clock) -> None:
    assert (gate.id, gate.requester, gate.decision) == (GATE, "U0ANA0001", Decision.PENDING)
    assert (await store.runs.get("hello-1")).status is Status.WAITING
    assert await store.runs.ready() == []
    assert await ask(store, clock) == gate
    assert await store.approvals.pending() == [gate]
    assert await store.approvals.pending_of("hello-1") == gate
    assert await store.approvals.get(GATE) == gate
    assert await kinds(store) == [Kind.RUN_REQUESTED, Kind.APPROVAL_REQUESTED]


async def test_one_yes_opens_the_gate(store: Store, gate: Approval) -> None:
    settled = await store.approvals.approve(GATE, "U0RUI0002", HASH)
    assert settled.ok
    assert settled.approval is not None
    assert (settled.approval.decision, settled.approval.decided_by) == (Decision.APPROVED, "U0RUI0002")
    assert await store.runs.ready() == [("hello-1", 2)]
    assert await store.approvals.pending() == []
    assert (await kinds(store))[-2:] == [Kind.APPROVAL_GIVEN, Kind.APPROVED]


@pytest.mark.parametrize(
    ("approval", "by", "subject", "why"),
    [
        ("hello-1/nothing", "U0RUI0002", HASH, Why.UNKNOWN),
        (GATE, "U0RUI0002", "b" * 64, Why.CHANGED),
        (GATE, "U0ANA0001", HASH, Why.OWN),
    ],
)
async def test_a_yes_that_does_not_count_changes_nothing(
    store: Store, gate: Approval, approval: str, by: str, subject: str, why: Why
) -> None:
    settled = await store.approvals.approve(approval, by, subject)
    assert (settled.ok, settled.why) == (False, why)
    assert await store.approvals.pending() == [gate]
    assert await store.runs.ready() == []
    assert await kinds(store) == [Kind.RUN_REQUESTED, Kind.APPROVAL_REQUESTED]


async def test_two_yeses_of_one_person_are_one(store: Store, clock: Clock) -> None:
    await walking(store, 1, environment=PRODUCTION)
    await ask(store, clock, needed=2)
    first = await store.approvals.approve(GATE, "U0RUI0002", HASH)
    assert first.ok
    assert first.approval is not None
    assert first.approval.decision is Decision.PENDING
    assert (await store.approvals.approve(GATE, "U0RUI0002", HASH)).why is Why.REPEATED
    assert await store.runs.ready() == []
    assert (await store.approvals.approve(GATE, "U0BIA0003", HASH)).ok
    assert await store.runs.ready() == [("hello-1", 2)]


async def test_of_many_clicks_at_once_exactly_those_needed_count(store: Store, clock: Clock) -> None:
    await walking(store, 1, environment=PRODUCTION)
    await ask(store, clock, needed=2)
    settled = await asyncio.gather(*(store.approvals.approve(GATE, f"U0BOB{n:04}", HASH) for n in range(8)))
    assert [each.ok for each in settled].count(True) == 2
    assert {each.why for each in settled if not each.ok} == {Why.SETTLED}
    assert (await kinds(store)).count(Kind.APPROVED) == 1
    assert await store.runs.ready() == [("hello-1", 2)]


async def test_yes_and_no_at_once_settle_it_one_way(store: Store, gate: Approval) -> None:
    yes, no = await asyncio.gather(
        store.approvals.approve(GATE, "U0RUI0002", HASH), store.approvals.reject(GATE, "U0BIA0003", "not today")
    )
    assert yes.ok is not no.ok
    found = await store.approvals.get(GATE)
    assert found is not None
    assert found.decision is (Decision.APPROVED if yes.ok else Decision.REJECTED)
    assert await store.runs.ready() == [("hello-1", 2)]


async def test_a_no_ends_the_question(store: Store, gate: Approval) -> None:
    settled = await store.approvals.reject(GATE, "U0RUI0002", "friday")
    assert settled.ok
    assert settled.approval is not None
    assert (settled.approval.decision, settled.approval.reason) == (Decision.REJECTED, "friday")
    assert (await store.approvals.reject(GATE, "U0RUI0002")).why is Why.SETTLED
    assert (await store.approvals.approve(GATE, "U0RUI0002", HASH)).why is Why.SETTLED
    assert await store.runs.ready() == [("hello-1", 2)]


async def test_time_runs_out(store: Store, gate: Approval, clock: Clock) -> None:
    assert await store.approvals.expire(clock.now) == []
    clock.now += timedelta(hours=25)
    assert (await store.approvals.approve(GATE, "U0RUI0002", HASH)).why is Why.EXPIRED
    assert (await store.approvals.reject(GATE, "U0RUI0002")).why is Why.EXPIRED
    assert await store.runs.ready() == []
    assert await store.approvals.expire(clock.now) == [GATE]
    assert await store.approvals.expire(clock.now) == []
    assert await store.runs.ready() == [("hello-1", 2)]
    assert (await kinds(store))[-1] is Kind.APPROVAL_EXPIRED


async def test_an_expired_question_is_not_asked_again(store: Store, gate: Approval, clock: Clock) -> None:
    clock.now += timedelta(hours=25)
    await store.approvals.expire(clock.now)
    assert await store.runs.begin_leg("hello-1", 2)
    assert (await ask(store, clock)).decision is Decision.EXPIRED
    assert (await store.runs.get("hello-1")).status is Status.RUNNING


async def test_a_denied_click_is_remembered(store: Store, gate: Approval) -> None:
    await store.approvals.deny(GATE, "U0EVA0009", "not a release manager")
    (*_, event) = await store.journal.of_run("hello-1")
    assert event.kind is Kind.APPROVAL_DENIED
    assert event.data == {"approval": GATE, "by": "U0EVA0009", "reason": "not a release manager"}
    assert await store.approvals.pending() == [gate]


async def test_a_run_that_ends_withdraws_its_question(store: Store, gate: Approval) -> None:
    await store.runs.finish("hello-1", Status.CANCELLED, "not needed", "U0ANA0001")
    found = await store.approvals.get(GATE)
    assert found is not None
    assert found.decision is Decision.CANCELLED
    assert (await store.approvals.approve(GATE, "U0RUI0002", HASH)).why is Why.SETTLED
    assert await store.runs.ready() == []


async def test_a_cancel_before_the_question_is_not_slept_through(store: Store, clock: Clock) -> None:
    await walking(store, 1, environment=PRODUCTION)
    await store.runs.request_cancel("hello-1", "U0ANA0001")
    await ask(store, clock)
    assert await store.runs.ready() == [("hello-1", 2)]
