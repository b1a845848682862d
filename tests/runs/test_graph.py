"""The graph says what goes on, what comes next, and what waits for what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from bot.runs.facts import facts
from bot.runs.graph import Column, counted, graph
from bot.runs.layout import Box, narrow, wide
from bot.runs.sheet import page, run_sheet
from bot.runs.terminal import drawn
from bot.runs.waits import Node
from bot.slack.cards.shown import Surroundings
from bot.slack.cards.states import state
from commands.texts import phrase
from storage.model.catalog import Json
from storage.model.event import Kind
from storage.model.fold import fold
from storage.model.gate import GateKind
from storage.model.run import Run, Status
from storage.model.view import RunView
from tests.runs.conftest import STAGES, Made
from tests.slack.test_cards import surroundings, views
from tests.slack.town import ANA, RUI

AROUND = Surroundings(say=partial(phrase, "en"), names={ANA: "Ana", RUI: "Rui"}, approvers=(RUI,))


async def view_of(made: Made, run: Run) -> RunView:
    return fold(await made.store.runs.get(run.id), await made.store.journal.of_run(run.id))


async def columns_of(made: Made, run: Run) -> tuple[Column, ...]:
    return graph(await view_of(made, run), AROUND, made.now)


def node(columns: tuple[Column, ...], stage: str, name: str) -> Node:
    column = next(column for column in columns if column.name == stage)
    return next(node for step in column.steps for node in step if node.name == name)


async def test_stages_steps_and_nodes_stand_in_the_order_of_the_plan(made: Made) -> None:
    columns = await columns_of(made, await made.trying_again())
    assert [column.name for column in columns] == ["source", "build", "deploy", "live"]
    assert [[node.name for node in step] for step in columns[1].steps] == [["image", "audit"], ["unit"]]
    assert [column.status for column in columns] == [
        Status.SUCCEEDED,
        Status.RUNNING,
        Status.REQUESTED,
        Status.REQUESTED,
    ]
    unit = node(columns, "build", "unit")
    assert unit.status is Status.RUNNING
    assert unit.attempt == 2
    assert unit.notes[0] == "attempt 2 of 3"
    assert unit.log == ("build", "unit")
    assert node(columns, "build", "image").took == "7 s"
    assert counted(columns, AROUND) == "3 of 9 steps done"


async def test_an_approval_says_who_gave_it_who_may_and_until_when(made: Made) -> None:
    columns = await columns_of(made, await made.at_the_gate())
    gate = node(columns, "live", "Approval")
    assert (gate.status, gate.short) == (Status.WAITING, "1/2")
    assert gate.notes[:2] == ("Approved by Rui", "May approve: Rui")
    assert gate.notes[2].startswith("Until <t:"), "whoever shows it puts it into the reader's zone"
    assert columns[-1].status is Status.WAITING
    assert node(columns, "live", "Success").status is Status.SUCCEEDED
    assert node(columns, "live", "Manual pause").status is Status.REQUESTED


async def test_a_pause_is_waited_for_after_the_approval(made: Made) -> None:
    columns = await columns_of(made, await made.paused())
    assert node(columns, "live", "Approval").status is Status.SUCCEEDED
    pause = node(columns, "live", "Manual pause")
    assert (pause.status, pause.title) == (Status.WAITING, "Paused before live")


async def test_a_place_in_the_queue_names_who_is_ahead(made: Made) -> None:
    holder, behind = await made.queued()
    assert [len(column.steps) for column in await columns_of(made, holder)] == [1]
    columns = await columns_of(made, behind)
    queue = node(columns, "deploy", "Queue")
    assert queue.title == "Waiting for homolog: number 1 in the queue"
    assert queue.notes == (f"{holder.id} is there now",)
    written = facts(await view_of(made, behind), columns)
    assert written["queue"] == {"environment": "homolog", "position": 1, "holder": holder.id}


async def test_nothing_runs_in_a_run_that_is_over(made: Made) -> None:
    run = await made.trying_again()
    await made.store.runs.finish(run.id, Status.CANCELLED, f"cancelled by {ANA}")
    columns = await columns_of(made, run)
    unit = node(columns, "build", "unit")
    assert (unit.status, unit.title) == (Status.CANCELLED, "Stopped: Test unit")
    assert columns[1].status is Status.CANCELLED
    assert columns[2].skipped
    assert node(columns, "deploy", "release").skipped


async def ended(made: Made, how: str) -> Run:
    if how == "failed":
        return await made.failed()
    run = await made.at_the_gate() if how in ("rejected", "expired") else await made.trying_again()
    match how:
        case "cancelled":
            await made.fact(run, Kind.CANCEL_REQUESTED, by=RUI)
            await made.store.runs.finish(run.id, Status.CANCELLED, f"cancelled by {RUI}")
        case "rejected":
            await made.store.approvals.reject(f"{run.id}/live", RUI, "not today")
            await made.store.runs.finish(run.id, Status.CANCELLED)
        case "expired":
            made.now += timedelta(hours=25)
            await made.store.approvals.expire(made.now)
            await made.store.runs.finish(run.id, Status.CANCELLED)
        case _:
            await made.store.runs.finish(run.id, Status.BROKEN, "no room on the disk")
    return run


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("failed", "build/image failed"),
        ("cancelled", "cancelled by Rui"),
        ("rejected", "rejected by Rui"),
        ("expired", "nobody approved in time"),
        ("broken", "no room on the disk"),
    ],
)
async def test_what_was_not_begun_says_so_and_why(made: Made, how: str, why: str) -> None:
    columns = await columns_of(made, await ended(made, how))
    left = [each for column in columns for step in column.steps for each in step if each.skipped]
    assert node(columns, "live", "release") in left
    assert {each.title for each in left} == {f"Not started: {why}"}
    assert {box.detail for box in wide(columns).boxes if box.node.skipped} == {"not started"}
    done = node(columns, "source", "checkout")
    assert done.title == "Fetched hello"


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not beside and not (one.y + one.height <= other.y or other.y + other.height <= one.y)


async def test_a_narrow_stage_says_rather_where_it_goes_than_how_long_it_took(made: Made) -> None:
    run = await made.at_the_gate()
    details = {frame.column.name: frame.detail for frame in wide(await columns_of(made, run)).frames}
    assert details["deploy"] == "succeeded · homolog"
    assert details["source"] == "succeeded · 10 s"


@pytest.mark.parametrize("lay", [wide, narrow])
async def test_in_the_picture_no_box_covers_another_and_all_are_inside(made: Made, lay: object) -> None:
    columns = await columns_of(made, await made.paused())
    picture = wide(columns) if lay is wide else narrow(columns)
    assert len(picture.boxes) == 9
    assert not [pair for pair in pairwise(sorted(picture.boxes, key=lambda box: (box.x, box.y))) if overlap(*pair)]
    for box in picture.boxes:
        assert 0 <= box.x <= box.x + box.width <= picture.width
        assert 0 <= box.y <= box.y + box.height <= picture.height


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(views(), surroundings)
def test_whatever_a_run_holds_it_can_be_drawn(view: RunView, around: Surroundings) -> None:
    around = replace(around, say=partial(phrase, "pt_BR"))
    now = datetime.now(UTC) + timedelta(days=400)
    columns = graph(view, around, now)
    assert [column.name for column in columns] == [stage.stage.name for stage in view.stages]
    assert list(drawn(columns, now)) or not columns
    logs = {node.log: "/log" for column in columns for step in column.steps for node in step if node.log}
    html = page("run.html", run_sheet(view, [], around, logs, now), "1", "pt_BR")
    assert html.count("<script") == 1, "the one that sets the clocks"
    assert html.count("</svg>") == 2


async def test_a_run_that_somebody_paused_says_so_where_it_would_go_on(made: Made) -> None:
    run = await made.trying_again()
    await made.fact(run, Kind.PAUSED, by=RUI, number=1)
    columns = await columns_of(made, run)
    assert node(columns, "build", "unit").status is Status.RUNNING
    halt = node(columns, "deploy", "Manual pause")
    assert (halt.status, halt.title) == (Status.WAITING, "Paused by Rui")
    await made.fact(run, Kind.RESUMED, by=RUI, number=1)
    assert [len(column.steps) for column in await columns_of(made, run)] == [1, 2, 1, 4]


async def test_the_time_at_the_end_is_that_of_the_work_and_long_waits_stand_apart(made: Made) -> None:
    run = await made.at_the_gate()
    made.now += timedelta(hours=2)
    await made.store.approvals.approve(f"{run.id}/live", "UBIADEV02", "x" * 64)
    await made.fact(run, Kind.GATE_WAITING, stage="live", gate=GateKind.PAUSE.value)
    made.now += timedelta(hours=1)
    await made.fact(run, Kind.GATE_OPENED, stage="live", gate=GateKind.PAUSE.value, by=RUI)
    await made.done(run, "live", "release")
    await made.store.runs.finish(run.id, Status.SUCCEEDED)
    said = state(await view_of(made, run), AROUND)
    assert said == "Deployed hello to production in 48 s, plus 3 h 0 min of waiting"


async def test_a_pause_by_somebody_is_no_work(made: Made) -> None:
    run = await made.run()
    await made.done(run, "source", "checkout")
    await made.fact(run, Kind.PAUSED, by=RUI, number=1)
    made.now += timedelta(minutes=5)
    await made.fact(run, Kind.RESUMED, by=RUI, number=1)
    await made.store.runs.finish(run.id, Status.FAILED, "no")
    assert state(await view_of(made, run), AROUND) == "Failed after 10 s, plus 5 min 0 s of waiting"


async def test_a_no_says_how_long_it_was_waited_for(made: Made) -> None:
    run = await made.at_the_gate()
    made.now += timedelta(minutes=3)
    await made.store.approvals.reject(f"{run.id}/live", RUI, "not today")
    await made.store.runs.finish(run.id, Status.CANCELLED)
    assert state(await view_of(made, run), AROUND) == "Rejected by Rui after 3 min 39 s"


def waited(node: Node) -> tuple[Status, str, datetime | None, datetime | None]:
    return node.status, node.took, node.started_at, node.ended_at


async def test_what_was_waited_for_says_since_when_and_how_long(made: Made) -> None:
    run = await made.at_the_gate()
    asked = made.now
    made.now += timedelta(hours=2)
    assert waited(node(await columns_of(made, run), "live", "Approval")) == (Status.WAITING, "2 h 0 min", asked, None)
    await made.store.approvals.approve(f"{run.id}/live", "UBIADEV02", "x" * 64)
    await made.fact(run, Kind.GATE_WAITING, stage="live", gate=GateKind.PAUSE.value)
    paused = made.now
    made.now += timedelta(minutes=3)
    columns = await columns_of(made, run)
    assert waited(node(columns, "live", "Approval")) == (Status.SUCCEEDED, "2 h 0 min", asked, paused)
    assert waited(node(columns, "live", "Manual pause")) == (Status.WAITING, "3 min 0 s", paused, None)
    await made.fact(run, Kind.GATE_OPENED, stage="live", gate=GateKind.PAUSE.value, by=RUI)
    opened = made.now
    made.now += timedelta(minutes=1)
    await made.done(run, "live", "release")
    columns = await columns_of(made, run)
    assert waited(node(columns, "live", "Manual pause")) == (Status.SUCCEEDED, "3 min 0 s", paused, opened)
    written = facts(await view_of(made, run), columns)["stages"]
    assert (str(asked.isoformat()) in str(written), str(opened.isoformat()) in str(written)) == (True, True)


async def test_a_turn_that_was_waited_for_stays_in_the_graph(made: Made) -> None:
    holder, behind = await made.queued()
    begun = made.now
    made.now += timedelta(seconds=75)
    queue = node(await columns_of(made, behind), "deploy", "Queue")
    assert waited(queue) == (Status.WAITING, "1 min 15 s", begun, None)
    await made.store.runs.finish(holder.id, Status.SUCCEEDED)
    assert (await made.store.locks.enter(behind.id, "hello", "homolog")).held
    got = made.now
    made.now += timedelta(minutes=9)
    await made.done(behind, "deploy", "release")
    queue = node(await columns_of(made, behind), "deploy", "Queue")
    assert waited(queue) == (Status.SUCCEEDED, "1 min 15 s", begun, got)
    assert queue.title == "Waited for its turn in homolog"


async def test_a_lock_and_a_pause_by_somebody_stay_where_they_held_the_run_up(made: Made) -> None:
    run = await made.run(stages=STAGES[:3])
    await made.done(run, "source", "checkout")
    lock: dict[str, Json] = {"stage": "build", "gate": GateKind.LOCK.value}
    await made.fact(run, Kind.GATE_WAITING, **lock, held_by=RUI, reason="the fair")
    made.now += timedelta(seconds=30)
    held = node(await columns_of(made, run), "build", "Lock")
    assert (held.status, held.took) == (Status.WAITING, "30 s")
    assert held.title == "build waits until it is lifted: locked by Rui (the fair)"
    await made.fact(run, Kind.GATE_OPENED, **lock, by="estiva")
    await made.done(run, "build", "image", "audit", "unit")
    await made.fact(run, Kind.PAUSED, by=RUI, number=1)
    made.now += timedelta(minutes=5)
    await made.fact(run, Kind.RESUMED, by=RUI, number=1)
    await made.done(run, "deploy", "release")
    columns = await columns_of(made, run)
    held, halt = node(columns, "build", "Lock"), node(columns, "deploy", "Manual pause")
    assert (held.status, held.took, held.title) == (Status.SUCCEEDED, "30 s", "Waited for the end of a lock or freeze")
    assert (halt.status, halt.took, halt.title) == (Status.SUCCEEDED, "5 min 0 s", "Paused by Rui")


async def test_what_was_still_waited_for_at_the_end_has_stopped_with_the_run(made: Made) -> None:
    run = await made.paused()
    made.now += timedelta(minutes=4)
    await made.store.runs.finish(run.id, Status.CANCELLED)
    end = made.now
    made.now += timedelta(days=2)
    pause = node(await columns_of(made, run), "live", "Manual pause")
    assert (pause.status, pause.took, pause.ended_at) == (Status.CANCELLED, "4 min 0 s", end)
    assert not pause.skipped


async def test_in_a_terminal_each_step_says_when_it_began_by_the_clock_there(made: Made) -> None:
    made.now = datetime(2026, 11, 27, 2, 50, tzinfo=UTC)
    run = await made.at_the_gate()
    made.now += timedelta(minutes=20)
    day = run.opened_at
    lines = [line.plain for line in drawn(await columns_of(made, run), day, ZoneInfo("America/Sao_Paulo"))]
    assert "┌ ✓ 23:50:10  image         Built image  7 s" in lines
    assert "─ ◷ 23:50:39  Approval      Waiting for approval (1 of 2)  20 min 0 s" in lines
    assert "─ ✓           Success       The same image has succeeded in homolog" in lines
    late = [line.plain for line in drawn(await columns_of(made, run), day - timedelta(days=1), ZoneInfo("UTC"))]
    assert "┌ ✓ 11-27 02:50  image         Built image  7 s" in late
