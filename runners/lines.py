"""Bytes as they come from a build or a container, as clean lines."""

import re
from collections.abc import Callable

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_LONGEST = 16_384
"""A line without an end is cut here, so that no output can fill the memory."""


class Lines:
    """Collects pieces until a line is whole; partial pieces and characters cut in two are normal."""

    def __init__(self, take: Callable[[str], None]) -> None:
        """Take who gets each line, without its newline."""
        self._take = take
        self._rest = b""

    def add(self, piece: bytes | str) -> None:
        """Take the next piece."""
        data = self._rest + (piece.encode() if isinstance(piece, str) else piece)
        whole, newline, self._rest = data.rpartition(b"\n")
        if newline:
            self._give(whole)
        while len(self._rest) > _LONGEST:
            self._give(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]

    def end(self) -> None:
        """Give what is left when nothing more will come."""
        if self._rest:
            self._give(self._rest)
        self._rest = b""

    def _give(self, whole: bytes) -> None:
        for line in whole.decode(errors="replace").split("\n"):
            # a progress bar draws over itself with carriage returns: what is seen at the end is its last state
            text = line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line
            self._take(_ANSI.sub("", text) if "\x1b" in text else text)
