import asyncio
from typing import Any

import pytest
from docker import APIClient

from runners.command import CommandRunner
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed
from storage.model.catalog import Json
from tests.runners.bench import Bench, Notes

pytestmark = pytest.mark.docker
BUSYBOX = {"image": "estiva/busybox:base"}


def _there(engine: APIClient, bench: Bench, key: str) -> list[Any]:
    there: list[Any] = engine.containers(all=True, filters=bench.containers.filters(key=key))
    return there


async def _until(notes: Notes, line: str) -> None:
    for _ in range(200):
        if line in notes.lines:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never said {line}: {notes.lines}")


async def test_runs_each_command_in_turn_and_removes_its_containers(
    bench: Bench, notes: Notes, engine: APIClient
) -> None:
    work = bench.work({**BUSYBOX, "run": [["echo", "one; $HOME `x`"], ["sh", "-c", "echo 7 passed >&2"]]})
    outcome = await CommandRunner(bench.containers).run(work, notes)
    assert "one; $HOME `x`" in notes.lines
    assert outcome.summary == "7 passed"
    assert not _there(engine, bench, work.key + "#1")


async def test_runs_in_the_image_that_was_built(bench: Bench, notes: Notes, engine: Any) -> None:
    image_id = engine.inspect_image("estiva/busybox:base")["Id"]
    await CommandRunner(bench.containers).run(bench.work({"run": ["true"]}, {"image_id": image_id}), notes)


async def test_a_failing_command_fails_with_its_exit_code(bench: Bench, notes: Notes) -> None:
    work = bench.work({**BUSYBOX, "run": [["sh", "-c", "echo bad; exit 7"], ["echo", "never"]]})
    with pytest.raises(ActionFailed) as failed:
        await CommandRunner(bench.containers).run(work, notes)
    assert failed.value.exit_code == 7
    assert "bad" in notes.lines
    assert "never" not in notes.lines


async def test_an_unknown_program_is_the_works_fault(bench: Bench, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match="cannot start"):
        await CommandRunner(bench.containers).run(bench.work({**BUSYBOX, "run": ["no-such-program"]}), notes)


async def test_a_missing_image_is_named(bench: Bench, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match="no image estiva/none:here"):
        await CommandRunner(bench.containers).run(bench.work({"image": "estiva/none:here", "run": ["true"]}), notes)


async def test_out_of_memory_is_told_apart(bench: Bench, notes: Notes) -> None:
    eat: list[Json] = ["sh", "-c", "x=0123456789; while :; do x=$x$x; done"]
    with pytest.raises(ActionFailed, match="out of memory"):
        await CommandRunner(bench.containers).run(bench.work({**BUSYBOX, "run": eat, "memory": "16m"}), notes)


async def test_cancelling_kills_and_removes_within_two_seconds(bench: Bench, notes: Notes, engine: APIClient) -> None:
    work = bench.work({**BUSYBOX, "run": ["sh", "-c", "trap '' TERM; echo up; sleep 60"]})
    task = asyncio.create_task(CommandRunner(bench.containers).run(work, notes))
    await _until(notes, "up")
    task.cancel()
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not _there(engine, bench, work.key + "#1")


async def test_abandoned_work_is_found_again_and_read_from_its_first_line(
    bench: Bench, notes: Notes, engine: APIClient
) -> None:
    work = bench.work({**BUSYBOX, "run": ["sh", "-c", "date +%s%N; echo up; sleep 1.5; echo end"]})
    first = Notes()
    bench.abandoned = True
    task = asyncio.create_task(CommandRunner(bench.containers).run(work, first))
    await _until(first, "up")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(_there(engine, bench, work.key + "#1")) == 1
    await CommandRunner(bench.containers).run(work, notes)
    assert notes.lines == [*first.lines, "end"]
    again = Notes()
    await CommandRunner(bench.containers).run(work, again)
    assert len(again.lines) == 1, "a job that is done is not done again"


async def test_what_a_dead_process_left_is_stopped_by_its_key(bench: Bench, engine: APIClient) -> None:
    runner, first = CommandRunner(bench.containers), Notes()
    work = bench.work({**BUSYBOX, "run": [["true"], ["sh", "-c", "trap '' TERM; echo up; sleep 60"]]})
    bench.abandoned = True
    task = asyncio.create_task(runner.run(work, first))
    await _until(first, "up")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await runner.stop(bench.work(work.options, attempt=11))  # another's: its key begins alike
    assert len(_there(engine, bench, work.key + "#2")) == 1
    async with asyncio.timeout(2):
        await runner.stop(work)
    assert not _there(engine, bench, work.key + "#2")
    await runner.stop(work)


async def test_a_container_whose_result_is_known_is_removed_all_the_same(
    bench: Bench, notes: Notes, engine: APIClient
) -> None:
    work = bench.work({**BUSYBOX, "run": ["true"]})
    await CommandRunner(bench.containers).run(work, notes)
    labels = bench.containers.labels(key=work.key + "#1")
    engine.create_container("estiva/busybox:base", command=["true"], labels=labels)
    await CommandRunner(bench.containers).run(work, notes)
    assert not _there(engine, bench, work.key + "#1")


async def test_an_engine_that_is_down_is_no_fault_of_the_work(bench: Bench, notes: Notes) -> None:
    bench.containers = Containers(namespace="estiva-test-down", url="unix:///nonexistent/docker.sock")
    with pytest.raises(EngineUnavailable, match="Start it"):
        await CommandRunner(bench.containers).run(bench.work({**BUSYBOX, "run": ["true"]}), notes)
    bench.containers.close()
