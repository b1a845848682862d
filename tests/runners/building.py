"""Builds of a buildspec to run, to meet on their way, and to leave running."""

import asyncio
from collections.abc import Mapping

import pytest

from runners.buildspec.runner import BuildspecRunner
from runners.contract import Outcome, Work
from storage.model.catalog import Json
from tests.runners.bench import Bench, Notes


def phases(**texts: str) -> str:
    return "phases:\n" + "".join(f"  {name}: {text}\n" for name, text in texts.items())


def build(
    bench: Bench,
    spec: str,
    options: Mapping[str, Json] | None = None,
    *,
    attempt: int = 1,
    files: Mapping[str, str] | None = None,
) -> Work:
    """Give the work of building what a buildspec says, which need not say its version."""
    text = spec if spec.startswith("version") else f"version: 0.2\n{spec}"
    source = bench.source({"buildspec.yml": text, **(files or {})})
    return bench.work({"image": "estiva/ci:base", **(options or {})}, source, attempt=attempt)


async def up(builder: BuildspecRunner, work: Work, notes: Notes, *lines: str) -> "asyncio.Task[Outcome]":
    """Run it until its log has these lines; `up` when none are named."""
    task = asyncio.create_task(builder.run(work, notes))
    while not set(lines or ("up",)) <= set(notes.lines):
        assert not task.done(), notes.text
        await asyncio.sleep(0.05)
    return task


async def left_running(builder: BuildspecRunner, bench: Bench, work: Work, *lines: str) -> Notes:
    """Follow it until its log has these lines, then leave it running as a process does that stops."""
    notes = Notes()
    bench.abandoned = True
    task = await up(builder, work, notes, *lines)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return notes
