"""Runs are opened once, walked leg by leg, and end once."""

import asyncio
from dataclasses import replace

import pytest

from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.run import Run, Status, Trigger
from storage.runs import Repeated
from storage.store import Store
from tests.storage.nouns import HOMOLOG, PRODUCTION, asked, planned, walking


async def test_a_run_is_what_was_planned(store: Store) -> None:
    run = await store.runs.open(asked(1), planned(), channel="C9", thread="1.2")
    assert (run.id, run.status, run.leg, run.channel, run.thread) == ("hello-1", Status.REQUESTED, 1, "C9", "1.2")
    assert await store.runs.get("hello-1") == run
    assert run.plan == planned()
    (event,) = await store.journal.of_run("hello-1")
    assert event.kind is Kind.RUN_REQUESTED
    assert event.data["stages"] == [
        {"name": "source", "actions": ["checkout"]},
        {"name": "test", "actions": ["unit"]},
        {"name": "approve-production", "actions": []},
    ]


async def test_one_request_opens_one_run(store: Store) -> None:
    runs = await asyncio.gather(*(store.runs.open(asked(1), planned()) for _ in range(8)))
    assert {run.id for run in runs} == {"hello-1"}
    assert len(await store.journal.page()) == 1


async def test_of_two_that_do_a_run_again_at_once_the_second_hears_of_the_first(store: Store) -> None:
    old = await store.runs.open(asked(1), planned())
    again = replace(planned(trigger=Trigger.RETRY), origin=old.id)
    opened = await asyncio.gather(*(store.runs.open(asked(n), again) for n in (2, 3, 4)), return_exceptions=True)
    (first,) = [run for run in opened if isinstance(run, Run)]
    assert [str(each) for each in opened if isinstance(each, Repeated)] == [first.id] * 2
    assert await store.runs.repeating(old) == first
    assert await store.runs.open(asked(int(first.request.rpartition("/")[2])), again) == first
    assert await store.runs.finish(first.id, Status.FAILED)
    second = await store.runs.open(asked(5), again)
    assert await store.runs.repeating(old) == second


async def test_eight_runs_opened_at_once_have_eight_numbers(store: Store) -> None:
    runs = await asyncio.gather(*(store.runs.open(asked(n), planned()) for n in range(8)))
    assert {run.id for run in runs} == {f"hello-{n}" for n in range(1, 9)}
    assert (await store.journal.verify()).rows == 8


async def test_each_service_counts_for_itself(store: Store) -> None:
    await store.runs.open(asked(1), planned("hello"))
    assert (await store.runs.open(asked(2), planned("world"))).id == "world-1"


async def test_an_unknown_run_is_an_error(store: Store) -> None:
    with pytest.raises(KeyError, match="nobody-1"):
        await store.runs.get("nobody-1")


@pytest.mark.parametrize(
    ("text", "service", "found"),
    [
        ("hello-1", None, "hello-1"),
        ("HELLO-1", None, "hello-1"),
        ("`hello-2`", None, "hello-2"),
        ("hello #2", None, "hello-2"),
        ("#2", None, "hello-2"),
        ("2", None, "hello-2"),
        ("1", None, None),
        ("#1", "world", "world-1"),
        ("world-1", "hello", "world-1"),
        ("hello-3", None, None),
        ("hello", None, None),
        ("", None, None),
        ("-1", None, None),
    ],
)
async def test_a_run_is_found_by_what_people_write(
    store: Store, text: str, service: str | None, found: str | None
) -> None:
    for number, name in enumerate(["hello", "hello", "world"]):
        await store.runs.open(asked(number), planned(name))
    run = await store.runs.find(text, service)
    assert (run and run.id) == found


async def test_lists_are_filtered_and_ordered(store: Store) -> None:
    await store.runs.open(asked(1), planned())
    await store.runs.open(asked(2), planned(environment=PRODUCTION))
    await store.runs.open(asked(3), planned("world"))
    assert [run.id for run in await store.runs.recent()] == ["world-1", "hello-2", "hello-1"]
    assert [run.id for run in await store.runs.recent("hello", limit=1)] == ["hello-2"]
    assert [run.id for run in await store.runs.recent(environment="homolog")] == ["world-1", "hello-1"]
    assert [run.id for run in await store.runs.active("hello")] == ["hello-1", "hello-2"]
    assert await store.runs.last_failed() is None
    await store.runs.finish("hello-1", Status.FAILED, "tests failed")
    await store.runs.finish("hello-2", Status.CANCELLED)
    failed = await store.runs.last_failed("hello")
    assert failed is not None
    assert failed.id == "hello-1"
    assert await store.runs.last_failed("hello", "production") is None
    assert [run.id for run in await store.runs.active()] == ["world-1"]


async def test_what_has_failed_counts_while_its_run_goes_on(store: Store) -> None:
    for number in (1, 2, 3):
        await store.runs.open(asked(number), planned())
    await store.runs.finish("hello-1", Status.FAILED)
    where: dict[str, Json] = {"stage": "test", "action": "unit", "attempt": 1, "reason": "no"}
    tried = Fact(kind=Kind.ACTION_FAILED, actor="estiva", run="hello-3", data={**where, "final": False})
    failed = Fact(kind=Kind.ACTION_FAILED, actor="estiva", run="hello-2", data={**where, "final": True})
    await store.journal.append(tried)
    assert (found := await store.runs.last_failed("hello")) is not None
    assert found.id == "hello-1"
    await store.journal.append(failed)
    assert (found := await store.runs.last_failed("hello")) is not None
    assert found.id == "hello-2"
    await store.runs.finish("hello-2", Status.CANCELLED)
    assert (found := await store.runs.last_failed("hello")) is not None
    assert found.id == "hello-1"


async def test_a_leg_begins_again_after_a_crash_but_not_after_the_next(store: Store) -> None:
    await store.runs.open(asked(1), planned())
    assert await store.runs.ready() == [("hello-1", 1)]
    assert not await store.runs.begin_leg("hello-1", 2)
    assert await store.runs.begin_leg("hello-1", 1)
    assert await store.runs.begin_leg("hello-1", 1)
    assert await store.runs.ready() == []
    await _park_and_wake(store)
    assert await store.runs.ready() == [("hello-1", 2)]
    assert not await store.runs.begin_leg("hello-1", 1)
    assert await store.runs.begin_leg("hello-1", 2)
    assert (await store.runs.get("hello-1")).status is Status.RUNNING
    await store.runs.finish("hello-1", Status.SUCCEEDED)
    assert not await store.runs.begin_leg("hello-1", 2)


async def _park_and_wake(store: Store) -> None:
    await walking(store, "other")
    await store.locks.enter("hello-2", "hello", "homolog")
    await store.locks.enter("hello-1", "hello", "homolog")
    assert not await store.runs.begin_leg("hello-1", 1), "a parked leg does not begin again"
    await store.locks.leave("hello-2", "homolog")


async def test_a_run_ends_once(store: Store) -> None:
    await walking(store, 1)
    ends = await asyncio.gather(
        *(store.runs.finish("hello-1", status, "because") for status in (Status.SUCCEEDED, Status.FAILED) * 4)
    )
    assert ends.count(True) == 1
    run = await store.runs.get("hello-1")
    assert run.status is (Status.SUCCEEDED, Status.FAILED)[ends.index(True) % 2]
    assert run.closed_at is not None
    ended = [event for event in await store.journal.of_run("hello-1") if event.kind is Kind.RUN_ENDED]
    assert [event.data for event in ended] == [{"status": run.status, "reason": "because"}]


async def test_a_run_does_not_end_as_running(store: Store) -> None:
    await walking(store, 1)
    with pytest.raises(ValueError, match="running"):
        await store.runs.finish("hello-1", Status.RUNNING)


async def test_a_cancel_wakes_a_waiting_run(store: Store) -> None:
    await walking(store, 1)
    await walking(store, 2)
    await store.locks.enter("hello-1", "hello", "homolog")
    await store.locks.enter("hello-2", "hello", "homolog")
    assert await store.runs.to_cancel(["hello-1", "hello-2"]) == []
    assert await store.runs.request_cancel("hello-2", "U0ANA0001")
    assert not await store.runs.request_cancel("hello-2", "U0BIA0002")
    assert await store.runs.to_cancel(["hello-1", "hello-2"]) == ["hello-2"]
    assert await store.runs.ready() == [("hello-2", 2)]


async def test_a_cancel_that_comes_before_the_wait_is_not_slept_through(store: Store) -> None:
    await walking(store, 1)
    await walking(store, 2)
    await store.locks.enter("hello-1", "hello", "homolog")
    await store.runs.request_cancel("hello-2", "U0ANA0001")
    await store.locks.enter("hello-2", "hello", "homolog")
    assert await store.runs.ready() == [("hello-2", 2)]


async def test_an_ended_run_cannot_be_cancelled(store: Store) -> None:
    await walking(store, 1)
    await store.runs.finish("hello-1", Status.SUCCEEDED)
    assert not await store.runs.request_cancel("hello-1", "U0ANA0001")
    assert not (await store.runs.get("hello-1")).cancel_requested


async def test_a_run_is_news_until_slack_has_been_told_all_of_it(store: Store) -> None:
    await store.runs.open(asked(1), planned())
    await store.runs.open(asked(2), planned(environment=HOMOLOG, trigger=Trigger.RETRY))
    assert await store.runs.news() == ["hello-1", "hello-2"]
    await store.runs.seen("hello-1", 1)
    assert await store.runs.news() == ["hello-2"]
    await store.runs.request_cancel("hello-1", "U0ANA0001")
    assert await store.runs.news() == ["hello-1", "hello-2"]
    assert [event.kind for event in await store.journal.of_run("hello-1", after=1)] == [Kind.CANCEL_REQUESTED]
    await store.runs.seen("hello-1", 2)
    await store.runs.seen("hello-1", 1)
    assert await store.runs.cursor("hello-1") == 2
