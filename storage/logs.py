"""Log lines: redacted, compressed, on disk within half a second."""

import os
import shutil
from asyncio import get_running_loop
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

from storage import chunks
from storage.intake import Intake, LogSink
from storage.redact import Redactor

__all__ = ["LogSink", "Logs"]


class Logs:
    """Logs by (run, stage, action, attempt), each a file of chunks under `folder`."""

    def __init__(self, folder: Path, redactor: Redactor, *, background: bool = True) -> None:
        """Keep logs under `folder`, which is made when needed.

        `background`: a thread writes what is taken in; without it each log is written as it is closed.
        """
        self._folder = folder
        self._intake = Intake(redactor, background=background)
        self._readers = ThreadPoolExecutor(2, "estiva-logs")

    def sink(self, run: str, stage: str, action: str, attempt: int) -> LogSink:
        """Open the log of an attempt; a replayed attempt goes on after a marker line."""
        return self._intake.sink(self._path(run, stage, action, attempt), newest=attempt > 1)

    async def read(self, run: str, stage: str, action: str, attempt: int | None = None, offset: int = 0) -> list[str]:
        """Return the lines from line `offset` on, of the newest attempt when none is named; none when no log."""

        def work() -> list[str]:
            path = self._find(run, stage, action, attempt)
            self._intake.settle(path)
            return chunks.read(path, offset)

        return await get_running_loop().run_in_executor(self._readers, work)

    async def tail(self, run: str, stage: str, action: str, attempt: int | None = None, lines: int = 30) -> list[str]:
        """Return the last lines."""

        def work() -> list[str]:
            path = self._find(run, stage, action, attempt)
            self._intake.settle(path)
            return chunks.tail(path, lines)

        return await get_running_loop().run_in_executor(self._readers, work)

    async def settle(self, run: str, stage: str, action: str, attempt: int) -> None:
        """Have on disk what was taken of a log; what the disk refuses stays pending."""
        path = self._path(run, stage, action, attempt)
        await get_running_loop().run_in_executor(self._readers, self._intake.settle, path)

    async def kept(self) -> dict[str, int]:
        """Return the runs that have logs, with the bytes that those take; what is pending is written first."""

        def work() -> dict[str, int]:
            self._intake.settle_all(self._folder)
            return _sizes(self._folder)

        return await get_running_loop().run_in_executor(self._readers, work)

    async def delete(self, run: str) -> None:
        """Delete all logs of a run; harmless when there are none."""
        folder = self._folder / _segment(run)

        def work() -> None:
            self._intake.settle_all(folder)  # else a last line would make the file anew
            with suppress(FileNotFoundError):  # somebody else deletes them at the same time
                shutil.rmtree(folder)

        await get_running_loop().run_in_executor(self._readers, work)

    def close(self) -> None:
        """Write what is pending and stop the threads. Blocks until all is on disk."""
        self._intake.close()
        self._readers.shutdown()

    def _find(self, run: str, stage: str, action: str, attempt: int | None) -> Path:
        if attempt is not None:
            return self._path(run, stage, action, attempt)
        folder = self._path(run, stage, action, 1).parent
        attempts = [int(path.stem) for path in folder.glob("*.log") if path.stem.isdecimal()]
        return folder / f"{max(attempts, default=1)}.log"

    def _path(self, run: str, stage: str, action: str, attempt: int) -> Path:
        return self._folder.joinpath(*(_segment(name) for name in (run, stage, action)), f"{attempt:d}.log")


def _sizes(folder: Path) -> dict[str, int]:
    if not folder.is_dir():
        return {}
    return {unquote(each.name): _size(each) for each in folder.iterdir() if each.is_dir()}


def _size(folder: Path) -> int:
    """Count the bytes in a folder that somebody else may be deleting."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(place) / name).stat().st_size
    return size


def _segment(name: str) -> str:
    """Make one folder's name of any text: no separator, no dots alone, nothing that leaves the folder."""
    return quote(name, safe="").replace(".", "%2E") or "%00"
