"""Everything that a container writes is read, once, also when it writes faster than anybody reads and then ends."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from docker import APIClient

from runners import job
from runners.container_log import Reading
from runners.containers import Containers, EngineUnavailable
from tests.runners.bench import Bench
from tests.runners.forgetful import forgetful

pytestmark = pytest.mark.docker
LINES = 60_000


async def test_the_log_of_a_loud_container_is_whole(containers: Containers, bench: Bench) -> None:
    """The engine ends the log that is followed together with the container, whatever was read of it by then."""
    got: list[str] = []
    loud = job.Job(
        key=f"loud/{uuid.uuid4()}",
        image="estiva/busybox:base",
        command=("seq", str(LINES)),
        network="none",
    )
    ended = await job.finish(containers, loud, bench.work(), got.append)
    assert ended.code == 0
    assert got == [str(number) for number in range(1, LINES + 1)]


@pytest.mark.parametrize(("logs", "read"), [(3, ["one"]), (99, [job._LOST])])  # noqa: SLF001 - said to people
async def test_a_log_that_should_not_be_empty_is_asked_for_again(
    containers: Containers, bench: Bench, tmp_path: Path, logs: int, read: list[str]
) -> None:
    got: list[str] = []
    speaking = job.Job(
        key=f"speaking/{uuid.uuid4()}",
        image="estiva/busybox:base",
        command=("echo", "one"),
        network="none",
        speaks=True,
    )
    async with forgetful(tmp_path, logs=logs) as url:
        through = Containers(url=url, namespace=containers.namespace)
        try:
            assert (await job.finish(through, speaking, bench.work(), got.append)).code == 0
        finally:
            through.close()
    assert got == read


async def test_a_container_may_be_silent_for_longer_than_an_answer_of_the_engine_may_take(
    containers: Containers, bench: Bench
) -> None:
    got: list[str] = []
    silent = job.Job(
        key=f"silent/{uuid.uuid4()}",
        image="estiva/busybox:base",
        command=("sh", "-c", "echo one; sleep 2.5; echo two"),
        network="none",
    )
    hasty = Containers(namespace=containers.namespace, seconds=1)
    try:
        assert (await job.finish(hasty, silent, bench.work(), got.append)).code == 0
    finally:
        hasty.close()
    assert got == ["one", "two"]


async def test_what_came_before_a_stream_broke_off_is_handed_on(containers: Containers) -> None:
    got: list[int] = []

    def opened(_: APIClient) -> Iterator[int]:
        yield from range(50)
        raise OSError("the engine is gone")

    def take(item: int) -> None:
        time.sleep(0.005)  # the loop is behind when it hears of the end
        got.append(item)

    with pytest.raises(EngineUnavailable):
        await containers.stream(opened, take)
    assert got == [*range(50)]


def read(
    entries: list[tuple[bytes, bytes]],
) -> tuple[Reading, list[bytes], Callable[[Sequence[tuple[bytes, bytes]]], None]]:
    got: list[bytes] = []
    reading = Reading(got.append)

    reading.add(entries)
    return reading, got, reading.add


A, B = b"2026-11-26T16:59:57.817184911Z", b"2026-11-26T16:59:57.818258374Z"


def test_what_was_read_already_is_left_out_when_it_comes_again() -> None:
    reading, got, add = read([(A, b"one\n"), (B, b"tw")])
    assert reading.resume() == "1795712397.818258374"
    add([(B, b"tw"), (B, b"o\n"), (B.replace(b"374", b"375"), b"three\n")])
    assert got == [b"one\ntw", b"o\nthree\n"]


def test_equal_lines_of_one_moment_are_all_there() -> None:
    reading, got, add = read([(A, b"x\n"), (A, b"x\n")])
    reading.resume()
    add([(A, b"x\n"), (A, b"x\n"), (A, b"x\n")])
    assert b"".join(got) == b"x\n" * 3


def test_from_the_beginning_nothing_is_left_out() -> None:
    reading, got, add = read([])
    assert reading.resume() == ""
    add([(A, b"one\n")])
    assert got == [b"one\n"]
