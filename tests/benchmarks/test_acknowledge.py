"""What an acknowledgement costs in processor time: our listener with its durable record, beside a bare bolt app."""

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.slack.manifest import manifest
from bot.workspace.client import WorkspaceClient
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from tests.benchmarks.measured import Pairs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROUNDS, EVENTS, WARM = 7, 150, 60
GOAL, BAR = 2.0, 4.0


@pytest.mark.bench
@pytest.mark.timeout(400)
@pytest.mark.parametrize("said", ["/estiva status", "@estiva status"])
async def test_processor_time_of_an_acknowledgement(said: str, tmp_path: Path) -> None:
    pairs = Pairs(f"processor time from `{said}` to its acknowledgement, goal {GOAL}", "ms")
    async with listener("bare.py") as bare, listener("recording.py", str(tmp_path)) as ours:
        await bare.spent(said, WARM)
        await ours.spent(said, WARM)
        for _ in range(ROUNDS):
            pairs.baseline.append(await bare.spent(said, EVENTS))
            pairs.ours.append(await ours.spent(said, EVENTS))
    pairs.tell()
    assert pairs.median < BAR


class Listener:
    """An app in a process of its own, and the workspace that it listens to."""

    def __init__(self, workspace: LocalWorkspace, ana: WorkspaceClient, process: Process) -> None:
        self._workspace, self._ana, self._process = workspace, ana, process

    async def spent(self, said: str, times: int) -> float:
        """Milliseconds of processor time per delivery, one after the other: all threads of the process."""
        before = self._processor()
        for _ in range(times):
            self._workspace.platform.log.clear()
            answer = await self._ana.say("#deploys", said)
            assert answer["ok"], answer
            async with asyncio.timeout(10):
                while not self._acknowledged():  # noqa: ASYNC110 - that mentions are acknowledged is told to nobody
                    await asyncio.sleep(0.001)
        return (self._processor() - before) / times / 1e6

    def _acknowledged(self) -> bool:
        entries = self._workspace.platform.log.after(0, "delivery")
        return bool(entries) and all(entry["acked_ms"] is not None for entry in entries)

    def _processor(self) -> int:
        """Nanoseconds: what `clock_getcpuclockid` gives for the process."""
        return time.clock_gettime_ns((~self._process.pid << 3) | 2)


@asynccontextmanager
async def listener(program: str, *words: str) -> AsyncIterator[Listener]:
    """Start a workspace and the app that listens to it."""
    async with running(manifest=Manifest.read(manifest("socket")), rate_limits=False) as workspace:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / program), *words),
            *(workspace.api_url, workspace.bot_token, workspace.app_token),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            async with WorkspaceClient(workspace.url, workspace.token, "dev") as ana:
                assert (await ana.control("wait", connections=1, seconds=30))["ok"]
                yield Listener(workspace, ana, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
