"""What a build left for Estiva to read. It was root in there, so nothing is believed to be what it should be."""

import os
import stat
from pathlib import Path

from runners.buildspec.script import place_of_name

_MOST = 100_000
"""Bytes that are read of a file that a build left."""


def read_left(directory: Path, name: str) -> str | None:
    """Read the beginning of a file that a build may have left; `None` when there is none.

    It may have left a link to a file of this machine instead, or a pipe.
    """
    place = directory / name
    if not place.parent.resolve().is_relative_to(directory.resolve()):
        return None
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return file.read(_MOST).decode(errors="replace") if regular else None


class Leavings:
    """The results in a job's directory."""

    def __init__(self, job: Path) -> None:
        """Take the directory."""
        self._job = job

    @property
    def timeline(self) -> str:
        """When the phases began and ended."""
        return self._result("timeline") or ""

    @property
    def uploads(self) -> bool:
        """Whether the build got as far as handing its artifacts on."""
        return self._result("upload") is not None

    @property
    def command(self) -> str:
        """The command that failed first, on one line."""
        return " ".join((self._result("command") or "").split())

    @property
    def exit_code(self) -> int | None:
        """What that command ended with."""
        said = self._result("exit") or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) <= len("255") else None

    @property
    def outside(self) -> Path | None:
        """Where it put what it hands on from outside the source, if that is a directory and not the way to another."""
        place = self._job / "result" / "outside"
        return place if place.is_dir() and place.resolve() == self._job.resolve() / "result" / "outside" else None

    def values(self, names: list[str]) -> dict[str, str]:
        """Give the last values of variables, those that have one."""
        last = {name: self._result(f"variables/{name}") for name in names}
        return {name: value for name, value in last.items() if value is not None}

    def name_of(self, identifier: str) -> str:
        """Give what an artifact is to be called; empty when it is called nothing."""
        return " ".join((self._result(f"names/{place_of_name(identifier)}") or "").split())

    def _result(self, name: str) -> str | None:
        return read_left(self._job, f"result/{name}")
