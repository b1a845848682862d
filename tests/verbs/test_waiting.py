"""`estiva say ... --wait`: the terminal follows a run to its end, and tells that last of all."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.cli.say import speak
from bot.settings import Settings
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.run import Status
from storage.model.worded import worded
from tests.stories.person import Person
from tests.verbs.office import Office
from tests.verbs.test_noise import question


@asynccontextmanager
async def waiting(place: Office, folder: Path, text: str) -> AsyncIterator["asyncio.Task[int]"]:
    """Somebody at a terminal, as Ana."""
    (folder / "workspace.json").write_text(json.dumps({"url": place.local.url, "token": place.local.token}))
    task = asyncio.ensure_future(speak(Settings(data=folder), text, "dev", "#deploys", wait=True, timeout=60))
    try:
        yield task
    finally:
        task.cancel()


async def note(place: Office, run: str, kind: Kind, action: str, **more: Json) -> None:
    """What the engine would write down about a test."""
    data: dict[str, Json] = {"stage": "test", "action": action, "attempt": 1, **more}
    await place.store.journal.append(Fact(kind=kind, actor="estiva", run=run, data=data))


async def begun(place: Office) -> str:
    """The run that was asked for, with both tests under way."""
    run = await place.until(lambda: newest(place, "hello-1"))
    assert await place.store.runs.begin_leg(run, 1)
    for action in ("unit", "smoke"):
        await note(place, run, Kind.ACTION_STARTED, action)
    return run


async def newest(place: Office, run: str) -> str:
    """The run of this name, once it is there."""
    return run if run in await place.runs() else ""


async def test_a_failure_is_told_last_with_its_reason_its_lines_and_what_to_do(
    place: Office, ana: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with waiting(place, tmp_path, "deploy hello to homolog") as terminal:
        run = await begun(place)
        why: dict[str, Json] = {"reason": "2 of 3 <failed>", "hint": "mend them", "exit_code": 1, "final": True}
        await note(place, run, Kind.ACTION_FAILED, "unit", **why, excerpt=["FAIL: *two*", "a < b"])
        await ana.reads(f"{run}/failure/test/unit")
        await note(place, run, Kind.ACTION_SUCCEEDED, "smoke", artifacts={}, summary="OK")
        await ana.reads(f"{run}/card", "Tested smoke")
        await place.store.runs.finish(run, Status.FAILED, worded("test/unit: 2 of 3 failed"))
        assert await asyncio.wait_for(terminal, 30) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Deploying `hello` to homolog: run `hello-1`."
    assert lines.index("  complete     Tested smoke") < lines.index("@Ana hello-1: Couldn't pass unit tests")
    assert lines[lines.index("@Ana hello-1: Couldn't pass unit tests") :][:7] == [
        "@Ana hello-1: Couldn't pass unit tests",
        "Exit code 1: 2 of 3 <failed>",
        "  FAIL: *two*",
        "  a < b",
        "What to do: mend them",
        '  Retry from Start: say "retry hello-1"',
        '  Full Log: say "logs hello-1"',
    ]


async def test_of_two_failures_both_are_told(place: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with waiting(place, tmp_path, "deploy hello to homolog") as terminal:
        run = await begun(place)
        for action in ("unit", "smoke"):
            await note(place, run, Kind.ACTION_FAILED, action, reason=f"{action} said no", final=True, excerpt=[])
        await place.store.runs.finish(run, Status.FAILED, "test/unit: unit said no")
        assert await asyncio.wait_for(terminal, 30) == 1
    told = capsys.readouterr().out
    assert "unit said no" in told
    assert "smoke said no" in told


async def test_a_question_says_who_answers_it_and_how(
    place: Office, ana: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await place.released()
    async with waiting(place, tmp_path, "deploy hello to production") as terminal:
        run = await place.until(lambda: newest(place, "hello-2"))
        assert await place.store.runs.begin_leg(run, 1)
        await question(place, await place.store.runs.get(run))
        await ana.reads(f"{run}/approval/approve-production")
        await place.store.runs.finish(run, Status.CANCELLED)
        assert await asyncio.wait_for(terminal, 30) == 1
    told = capsys.readouterr().out
    assert "@Rui hello-2: Ana asks to release hello to production" in told
    assert 'Approve: say "approve ' in told
    assert told.splitlines()[-1].startswith("@Ana hello-2: Stopped after")
