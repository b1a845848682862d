"""Runners that do what an action's options say, with an outside world of files that survives the process."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from runners.contract import ActionFailed, Asks, Leftover, Outcome, Sink, Work
from storage.model.catalog import Json


class Outside:
    """What the runners started, by key: like containers, it goes on when the process dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held = True
        """What the option `hold` waits for."""
        (folder / "began").mkdir(parents=True, exist_ok=True)

    def note(self, word: str, key: str) -> None:
        descriptor = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, f"{word} {key}\n".encode())
        finally:
            os.close(descriptor)

    def keys(self, word: str) -> list[str]:
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{word} ")]

    def begun(self, key: str) -> float | None:
        path = self._path(key)
        return float(path.read_text()) if path.exists() else None

    def begin(self, key: str) -> float:
        """Start outside work, or find it. Returns when it began."""
        found = self.begun(key)
        if found is not None:
            self.note("found", key)
            return found
        began = time.time()
        fresh = self._path(key).with_suffix(".new")
        fresh.write_text(str(began))
        fresh.rename(self._path(key))
        self.note("began", key)
        return began

    async def leftovers(self) -> list[Leftover]:
        """What began is there until somebody removes it, as containers are."""
        keys = [path.name.replace(":", "/") for path in (self.folder / "began").iterdir() if path.suffix != ".new"]
        return [Leftover(kind="container", id=key, name=key, run=key.partition("/")[0]) for key in keys]

    async def remove(self, leftover: Leftover) -> bool:
        self.note("removed", leftover.id)
        self._path(leftover.id).unlink(missing_ok=True)
        return True

    def _path(self, key: str) -> Path:
        return self.folder / "began" / key.replace("/", ":")


class Scripted:
    """Options: asks, look_again, tells, limited, mutters, sleep, hold, lines, fail, retryable, fails (how many
    attempts), exit_code, error, crash, deaf, makes, hands_on, say. When it puts something back: hold_back waits,
    spare does not fail, there finds it running.
    """

    errors: ClassVar = {"flaky": "when it says so", "failed": "when it says nothing else"}
    exports = None

    def __init__(self, kind: str, outside: Outside) -> None:
        self.kind = kind
        self.outside = outside

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []

    async def run(self, work: Work, sink: Sink) -> Outcome:
        assert work.workspace.is_dir()
        options = work.options
        began = self.outside.begin(work.key)
        await self._speak(work, sink)
        try:
            await asyncio.sleep(max(0.0, began + _number(options, "sleep") - time.time()))
            while options.get("hold_back" if work.restores else "hold") and self.outside.held:  # noqa: ASYNC110 - like polling a container
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            if options.get("deaf"):
                await self._hear_nothing(work, until=time.time() + 60)
            self.outside.note("abandoned" if work.abandoned() else "stopped", work.key)
            raise
        if options.get("asks"):
            self._heed(work, str(options["asks"]))
        if options.get("crash"):
            raise OSError(str(options["crash"]))
        spared = work.restores and options.get("spare")
        if options.get("fail") and not spared and work.attempt <= _number(options, "fails", 99):
            code = options.get("exit_code")
            raise ActionFailed(
                str(options["fail"]),
                exit_code=code if isinstance(code, int) else None,
                hint="mend it",
                error=str(options.get("error", "failed")),
                retryable=bool(options.get("retryable")),
            )
        self.outside.note("done", work.key)
        if self.kind == "deploy":
            times = f" x{work.replicas}" if work.replicas else ""
            self.outside.note("runs", f"{work.key} {work.artifacts.get('digest')} {work.service.port}{times}")
        return Outcome(
            artifacts=_texts(options.get("makes")),
            variables=_texts(options.get("hands_on")),
            unchanged=work.restores and bool(options.get("there")),
            summary=str(options.get("say", f"{work.action} is done")),
        )

    async def _speak(self, work: Work, sink: Sink) -> None:
        options = work.options
        if options.get("limited"):
            self.outside.note("limited", f"{work.key} {work.timeout}")
        lines = options.get("lines", [])
        for line in lines if isinstance(lines, list) else []:
            sink.line(str(line))
        tells = options.get("tells", [])
        for text in tells if isinstance(tells, list) else []:
            await work.tell(str(text))

    def _heed(self, work: Work, name: str) -> None:
        """Ask, unless it was answered, or somebody let it go on outside."""
        answer = work.answers.get(name)
        self.outside.note("looked", work.key)
        if answer is None and not (self.outside.folder / name).exists():
            raise Asks(name, f"shall {work.action} go on?", look_again=_number(work.options, "look_again", 3600))
        if answer is not None and not answer.yes:
            raise ActionFailed(f"{answer.by} said no: {answer.reason}")

    async def _hear_nothing(self, work: Work, until: float) -> None:
        while self.outside.held and time.time() < until:  # noqa: ASYNC110 - like a call that does not return
            await asyncio.sleep(0.01)
        if work.options.get("mutters"):
            await work.tell(str(work.options["mutters"]))

    async def stop(self, work: Work) -> None:
        if self.outside.begun(work.key) is not None:
            self.outside.note("stopped", work.key)


def _texts(value: Json) -> dict[str, str]:
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def _number(options: Mapping[str, Json], name: str, otherwise: float = 0.0) -> float:
    value = options.get(name, otherwise)
    return float(value) if isinstance(value, (int, float)) else otherwise


class Nothing:
    """Does nothing at all, at once: what is left is the engine."""

    kind = "nothing"
    errors: ClassVar[dict[str, str]] = {}
    exports = ()

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        return []

    async def run(self, work: Work, sink: Sink) -> Outcome:
        return Outcome()
