"""The process dies by SIGKILL, at every labelled place and at any time, and a new one goes on."""

import asyncio
import os
import random
import re
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from runners.crash import ARMED, ONCE
from storage.model.event import Kind
from storage.model.run import Status
from tests.engine.world import World, asked
from tests.invariants import violations

ROOT = Path(__file__).parents[2]
PLACES = [
    f"{name}.{side}"
    for name in (
        *("begin", "claim", "lock", "leave", "ask", "wait", "held", "aside", "open", "stage"),
        *("question", "stay", "started", "told", "work", "release", "ended", "finish", "clean", "retire"),
    )
    for side in ("before", "after")
]
STOPS = ["stop.before", "stop.after"]
BACK = ["rollback.before", "rollback.after"]
LEFT = ["let_go.before", "let_go.after"]
"""Where `test_lingering` kills."""


async def play(url: str, folder: Path, scene: str = "whole", crash_at: str = "", **more: str) -> Process:
    """Start a scene as a process; `more` is its environment, where `PYTHONPATH` is the tree whose code it runs."""
    environment = {**os.environ, ARMED: crash_at, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-m", "tests.engine.scene", url, str(folder), scene]
    return await asyncio.create_subprocess_exec(*command, cwd=environment["PYTHONPATH"], env=environment, stderr=-1)


async def played(url: str, folder: Path, scene: str = "whole", crash_at: str = "") -> int:
    process = await play(url, folder, scene, crash_at)
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), said.decode()
    return process.returncode


ENDS = {"hello-1": Status.SUCCEEDED, "hello-2": Status.SUCCEEDED, "hello-3": Status.FAILED}
"""How the runs of the scene `whole` end."""


async def check(url: str, folder: Path) -> None:
    """All ended as they should, each action began once, the journal is sound and the locks are free."""
    world = await World(url, folder).open()
    try:
        found = await world.found(asked=[asked(number) for number in (1, 2, 3)], expected=ENDS)
        assert violations(found) == []
        runs = sorted(await world.store.runs.recent(), key=lambda run: run.id)
        began = [key.rpartition("/")[0] for key in world.outside.keys("began")]
        assert len(began) == len(set(began)) == 4 + 3 + 2
        kinds = [event.kind for event in await world.events(runs[1])]
        assert kinds.count(Kind.GATE_WAITING) == kinds.count(Kind.GATE_OPENED) >= 2
        assert kinds.count(Kind.PAUSED) == kinds.count(Kind.RESUMED) == 1
        assert all(key.endswith("/1") for key in world.outside.keys("began"))
        assert len(await world.store.releases.history("hello", "homolog")) == 2
        assert len(await world.store.releases.history("hello", "production")) == 1
        assert await world.store.logs.kept() == {}
        deleted = [event for event in await world.store.journal.page(limit=1000) if event.kind is Kind.LOGS_DELETED]
        assert sorted(str(event.data["runs"]) for event in deleted) == [f"['{run.id}']" for run in runs]
        await world.sound()
    finally:
        await world.close()


async def killed_at(place: str, url: str, folder: Path) -> bool:
    """Kill at a place, go on, check. False when the place is not passed that often."""
    died = await played(url, folder, crash_at=place) != 0
    await goes_on(url, folder)
    return died


async def goes_on(url: str, folder: Path) -> None:
    assert await played(url, folder) == 0
    await check(url, folder)


@pytest.mark.parametrize("place", ["work.after", "finish.before", "retire.before", "retire.after"])
async def test_a_kill_at_a_place_loses_and_doubles_nothing(place: str, tmp_path: Path) -> None:
    assert await killed_at(place, f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)


async def taken_over(place: str, url: str, folder: Path) -> None:
    """Two workers, both armed and both up: the one that first comes to the place dies, the other goes on and ends."""
    armed = {ONCE: str(folder / "hit")}
    pair = [await play(url, folder, "pair", place, **armed) for _ in range(2)]
    try:
        async with asyncio.timeout(90):
            said = [(await process.communicate())[1].decode() for process in pair]
    finally:
        await end(*pair)
    codes = sorted(process.returncode or 0 for process in pair)
    assert codes == [-signal.SIGKILL, 0], [codes, *said]
    await check(url, folder)


async def end(*processes: Process) -> None:
    """Leave no process behind, however the test went."""
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_kill_at_a_place_is_mended_by_the_other_running_worker(fresh_postgres: str, tmp_path: Path) -> None:
    await taken_over("work.after", fresh_postgres, tmp_path)


def test_every_labelled_place_is_swept() -> None:
    sources = [path.read_text() for path in (ROOT / "runners").glob("*.py")]
    labelled = {name for source in sources for name in re.findall(r'crash_here\("([\w.]+)"\)', source)}
    journaled = {f"{name}.{side}" for name in ("stage", "started", "told", "ended") for side in ("before", "after")}
    assert labelled | journaled == {*PLACES, *STOPS, *BACK, *LEFT}


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", PLACES)
async def test_a_kill_at_each_passing_of_each_place(place: str, tmp_path: Path) -> None:
    nth, died, wrong = 0, True, []
    while died:
        nth += 1
        folder = tmp_path / str(nth)
        folder.mkdir()
        url = f"sqlite:///{folder / 'estiva.db'}"
        died = await played(url, folder, crash_at=f"{place}:{nth}") != 0
        try:
            await goes_on(url, folder)
        except (AssertionError, TimeoutError) as failure:  # the other passings are looked at all the same
            wrong.append(f"passing {nth}: {failure!r}")
    assert wrong == []
    assert nth > 1, "the scene never came to this place"


@pytest.mark.sweep
@pytest.mark.parametrize("place", PLACES)
async def test_a_kill_at_each_place_is_mended_by_the_other_running_worker(
    place: str, fresh_postgres: str, tmp_path: Path
) -> None:
    await taken_over(place, fresh_postgres, tmp_path)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(8))
async def test_kills_at_random_moments(seed: int, url: str, tmp_path: Path) -> None:
    moments = random.Random(seed)
    for _ in range(5):
        process = await play(url, tmp_path)
        await asyncio.sleep(moments.uniform(1.0, 4.0))
        if process.returncode is None:
            process.kill()
        await process.communicate()
    assert await played(url, tmp_path) == 0
    await check(url, tmp_path)


async def test_a_cancel_after_a_kill_stops_what_the_dead_one_left(tmp_path: Path) -> None:
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    process = await play(world.url, tmp_path, "long")
    await world.began("hello-1/build/image/1", seconds=30)
    await world.began("hello-1/build/test/1", seconds=30)
    process.kill()
    await process.communicate()
    await world.store.runs.request_cancel("hello-1", "U0BOB")
    for place in STOPS:
        assert await played(world.url, tmp_path, "long", place) == -signal.SIGKILL
    assert await played(world.url, tmp_path, "long") == 0
    assert (await world.store.runs.get("hello-1")).status is Status.CANCELLED
    assert set(world.outside.keys("stopped")) == {"hello-1/build/image/1", "hello-1/build/test/1"}
    await world.sound()
    await world.close()


async def rolled_back(place: str, url: str, folder: Path) -> None:
    """Kill where a run puts back what ran before it, go on, check that it is put back once."""
    assert await played(url, folder, "back", place) == -signal.SIGKILL
    assert await played(url, folder, "back") == 0
    world = await World(url, folder).open()
    try:
        run = await world.store.runs.get("hello-2")
        assert (run.status, (await world.view(run)).reason) == (
            Status.FAILED,
            "smoke/probe: 404; homolog was put back to `ccccccc` (hello-1)",
        )
        keys = ["hello-1/deploy/release/1", "hello-2/deploy/release/1", "hello-2/smoke/probe/1"]
        assert sorted(world.outside.keys("began")) == sorted([*keys, "hello-2/rollback-homolog/rollback/1"])
        assert len(await world.store.releases.history("hello", "homolog")) == 3
        await world.sound()
        ends = {"hello-1": Status.SUCCEEDED, "hello-2": Status.FAILED}
        assert violations(await world.found(asked=[asked(1), asked(2)], expected=ends)) == []
    finally:
        await world.close()


@pytest.mark.parametrize("place", ["rollback.after", "release.before:3"])
async def test_a_kill_while_something_is_put_back_loses_and_doubles_nothing(
    place: str, url: str, tmp_path: Path
) -> None:
    await rolled_back(place, url, tmp_path)


@pytest.mark.sweep
@pytest.mark.parametrize(
    "place", ["rollback.before", "started.after:4", "work.before:4", "work.after:3", "ended.after:4"]
)
async def test_a_kill_at_each_place_while_something_is_put_back(place: str, url: str, tmp_path: Path) -> None:
    await rolled_back(place, url, tmp_path)


async def test_a_second_bot_on_the_same_sqlite_files_refuses_to_start(tmp_path: Path) -> None:
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    await world.start()
    try:
        process = await play(world.url, tmp_path, "long")
        _, said = await process.communicate()
        assert process.returncode == 1
        assert f"another Estiva (process {os.getpid()}) already runs on {tmp_path / 'data'}" in said.decode()
    finally:
        await world.close()
