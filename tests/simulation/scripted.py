"""A runner that does what an action's options say, in the simulated world, by the contract of `runners.contract`."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from runners.contract import ActionFailed, Outcome, Sink, Work
from storage.model import artifact
from storage.model.catalog import Json
from tests.simulation.machine import Process
from tests.simulation.outside import CRASHED, DONE, FAILED, RUNNING, STOPPED, Outside

T = TypeVar("T")

SECRET = "hunter2-of-the-simulation"
"""Stands in logs and in reasons, and must come out of neither."""
_LOOK = 0.7
_DEAF = 45.0
"""Seconds for which a deaf one goes on after it was told to stop."""


class Scripted:
    """Options: sleep, end (failed, crashed), fails (how many attempts), retryable, lines, deaf, fatal."""

    def __init__(self, kind: str, outside: Outside, process: Process) -> None:
        self.kind, self._outside, self._process = kind, outside, process

    @property
    def errors(self) -> Mapping[str, str]:
        return {"failed": "it failed"}

    @property
    def exports(self) -> None:
        return None

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []

    async def run(self, work: Work, sink: Sink) -> Outcome:
        try:
            await self._started(work)
            for line in said(work.key, work.options, SECRET):
                sink.line(line)
            state = await self._ended(work)
        except asyncio.CancelledError:
            if work.options.get("deaf"):
                await asyncio.sleep(_DEAF)
            if not work.abandoned():
                await self._surely(lambda: self._outside.stop(work.key))
            raise
        if state == DONE:
            return Outcome(artifacts=_made(work), summary="done")
        if state == FAILED:
            raise ActionFailed(f"it failed with {SECRET}", exit_code=1, retryable=bool(work.options.get("retryable")))
        if state == STOPPED:
            raise ActionFailed("somebody stopped it")
        raise OSError(f"it {state}")

    async def stop(self, work: Work) -> None:
        await self._surely(lambda: self._outside.stop(work.key))

    async def _started(self, work: Work) -> None:
        """Find it, or start it; what was unclear is read back."""
        while await self._surely(lambda: self._outside.state(work.key)) is None:
            try:
                kind = "fatal" if work.options.get("fatal") else "call"
                await self._sent(kind, lambda: self._outside.start(work, self.kind))
            except ConnectionError:
                await asyncio.sleep(0.3)

    async def _sent(self, kind: str, effect: Callable[[], T]) -> T:
        """Send what begins something. On cancellation the answer is awaited first, as a runner has to do it.

        Else whoever stops what was begun looks before it is there.
        """
        answer = self._process.machine.perform(self._process, kind, effect)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            with suppress(ConnectionError):
                await answer
            raise

    async def _ended(self, work: Work) -> str:
        while (state := await self._surely(lambda: self._outside.state(work.key))) == RUNNING:  # noqa: ASYNC110 - like polling a container
            await asyncio.sleep(_LOOK)
        return state or CRASHED

    async def _surely(self, effect: Callable[[], T]) -> T:
        """Ask again until there is an answer; only for what may be repeated."""
        while True:
            try:
                return await self._process.machine.perform(self._process, "call", effect)
            except ConnectionError:
                await asyncio.sleep(0.3)


def said(key: str, options: Mapping[str, Json], secret: str) -> list[str]:
    """Give the lines that an attempt writes."""
    return [f"{key} says {line}: error or {secret}" for line in range(int(str(options.get("lines", 0))))]


def _made(work: Work) -> dict[str, str]:
    return {artifact.DIGEST: f"sha256:{work.run}"} if work.options.get("image") else {}
