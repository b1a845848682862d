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
        *whole, self._rest = data.split(b"\n")
        for line in whole:
            self._give(line)
        while len(self._rest) > _LONGEST:
            self._give(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]

    def end(self) -> None:
        """Give what is left when nothing more will come."""
        if self._rest:
            self._give(self._rest)
        self._rest = b""

    def _give(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        # a progress bar draws over itself with carriage returns: what is seen at the end is its last state
        self._take(_ANSI.sub("", text.rpartition("\r")[2]))
