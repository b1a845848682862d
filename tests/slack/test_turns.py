"""Several processes take in, one of them speaks: killed, frozen and back again, they lose and repeat nothing."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.reader import READER
from storage.model.run import Run, Status
from tests import postgres
from tests.slack.town import Json, Town, asked, life, town

STEPS = (("build", "fetch"), ("build", "image"), ("test", "unit-tests"))


@contextlib.asynccontextmanager
async def lives(place: Town, folder: Path, count: int) -> AsyncIterator[list[Process]]:
    """Processes, all connected; the first one speaks."""
    started: list[Process] = []
    try:
        for number in range(count):
            started.append(await life(place, folder))
            await place.until(partial(_connected, place, number + 1), 60)
            await place.until(lambda: place.store.tenures.holder(READER), 30)
        yield started
    finally:
        for process in started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _connected(place: Town, count: int) -> bool:
    return bool((await place.control("wait", seconds=10, connections=count))["ok"])


async def _another_speaks(place: Town, before: str) -> str:
    async def other() -> str:
        holder = await place.store.tenures.holder(READER)
        return holder if holder != before else ""

    return str(await place.until(other, 40))


async def _said(place: Town, run: Run, status: Status) -> bool:
    return await place.status(run) == status.value


async def _once(place: Town) -> None:
    keys = await place.keys()
    assert len(keys) == len(set(keys)), sorted(key for key in set(keys) if keys.count(key) > 1)


async def test_when_the_one_that_speaks_is_killed_another_goes_on(shared: Town, tmp_path: Path) -> None:
    place = shared
    run = await place.open_run()
    async with lives(place, tmp_path, 2) as (first, second):
        speaker = await place.store.tenures.holder(READER)
        await place.until(lambda: place.message(f"{run.id}/card"))
        await place.walk(run, *STEPS[0])
        first.kill()
        await place.walk(run, *STEPS[1])
        assert await _another_speaks(place, speaker) != speaker
        await place.store.runs.finish(run.id, Status.CANCELLED, "enough")
        await place.until(lambda: _said(place, run, Status.CANCELLED), 30)
        said = (await place.say("@estiva are you there"))["ts"]
        await place.until(lambda: place.message(f"reply/msg/T0ESTIVA1/C0DEPLOYS/{said}"), 30)
        await _once(place)
        assert second.returncode is None


@pytest.mark.parametrize("late", [None, "chat.update", "chat.postMessage"])
async def test_one_that_was_frozen_comes_back_and_says_nothing_twice(
    shared: Town, tmp_path: Path, late: str | None
) -> None:
    """`late`: a call that it had sent reaches Slack only after another has taken over and said more."""
    place = shared
    run = await place.open_run()
    async with lives(place, tmp_path, 2) as (first, second):
        speaker = await place.store.tenures.holder(READER)
        await place.until(lambda: place.message(f"{run.id}/card"))
        await place.control("switch", held={late: 1} if late else {}, held_seconds=20)
        await place.walk(run, *STEPS[0])
        await place.walk(run, *STEPS[1])  # the end of a stage is a message of its own
        await asyncio.sleep(1)
        os.kill(first.pid, signal.SIGSTOP)
        now = await _another_speaks(place, speaker)
        await place.walk(run, *STEPS[2])
        await place.store.runs.finish(run.id, Status.SUCCEEDED)
        await place.until(lambda: _said(place, run, Status.SUCCEEDED), 30)
        await asyncio.sleep(10)  # until the late call is there
        os.kill(first.pid, signal.SIGCONT)
        await place.until(lambda: _said(place, run, Status.SUCCEEDED), 30)
        await asyncio.sleep(4)
        await _once(place)
        assert await _said(place, run, Status.SUCCEEDED)
        second.kill()
        assert (await _another_speaks(place, now)) != speaker, "it stands by under another name"
        said = (await place.say("@estiva are you there"))["ts"]
        await place.until(lambda: place.message(f"reply/msg/T0ESTIVA1/C0DEPLOYS/{said}"), 30)
        await _once(place)


async def test_a_request_that_a_dead_process_took_is_answered_by_another(shared: Town, tmp_path: Path) -> None:
    place = shared
    async with lives(place, tmp_path, 1):
        await place.store.requests.accept(asked(7), "web somebody-who-died")
        await place.until(lambda: place.message("reply/test/7"), 30)


@pytest.mark.sweep
async def test_what_cannot_be_written_down_is_not_acknowledged_and_comes_again(tmp_path: Path) -> None:
    """The database is away for 10 s; Slack has a tenth of its patience: it tries again at once, after 6 and 30 s."""
    with postgres.mortal() as server:
        async with town(tmp_path, postgres.fresh(server.url), rate_limits=False) as place:
            await place.control("switch", retry_scale=0.1)
            run = await place.open_run()
            async with lives(place, tmp_path, 2):
                await place.until(lambda: place.message(f"{run.id}/card"))
                await asyncio.to_thread(server.stop)
                said = (await place.say("@estiva are you there"))["ts"]
                await asyncio.sleep(10)
                await asyncio.to_thread(server.start)
                answer = f"reply/msg/T0ESTIVA1/C0DEPLOYS/{said}"
                await place.until(lambda: place.message(answer), 60)
                await place.store.runs.finish(run.id, Status.CANCELLED, "enough")
                await place.until(lambda: _said(place, run, Status.CANCELLED), 30)
                tries = [each for each in await place.log(kind="delivery") if _ts(each) == said]
                assert [each["acked_ms"] is not None for each in tries] == [False] * (len(tries) - 1) + [True]
                assert len(tries) > 1
                await _once(place)


def _ts(delivery: Json) -> str:
    return str(delivery["payload"].get("event", {}).get("ts"))
