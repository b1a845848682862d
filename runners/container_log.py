"""What a container has written, entry by entry, and none of it lost.

The engine (20.10 at least) ends a followed log with the container, also when the reader has not had all of it yet. So
each entry comes with its time, by which one sees whether the last one came, and can go on after it.
"""

import time
from calendar import timegm
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from docker import APIClient

_HEAD = 8
"""Bytes before each entry: the stream that it is of, and in the last four its length."""
_PIECE = 65_536

Entry = tuple[bytes, bytes]
"""When it was written, in a form that sorts, and what: mostly a line."""


@dataclass(slots=True)
class Reading:
    """How far a container's log was read; `take` gets what was written, once."""

    take: Callable[[bytes], None]
    newest: Entry = (b"", b"")
    _seen: int = field(default=0, init=False)
    """Entries that were read with the time of the newest: pieces of a long line have the same."""
    _again: int = field(default=0, init=False)
    """Entries of that time that come once more."""

    @property
    def began(self) -> bool:
        """Tell whether anything was read."""
        return bool(self._seen)

    def resume(self) -> str:
        """Give since when to read on; what was read already is expected once more, and left out."""
        self._again = self._seen
        return _since(self.newest[0]) if self.began else ""

    def add(self, read: Sequence[Entry]) -> None:
        """Take the next entries; they are handed on together."""
        fresh = [entry[1] for entry in read if self._is_fresh(entry)]
        if fresh:
            self.take(b"".join(fresh))

    def _is_fresh(self, entry: Entry) -> bool:
        if self._again and entry[0] == self.newest[0]:
            self._again -= 1
            return False
        self._again = 0
        self._seen = self._seen + 1 if entry[0] == self.newest[0] else 1
        self.newest = entry
        return True


def _since(when: bytes) -> str:
    """Write a time as the engine takes it: `2026-11-26T16:59:22.775915097Z` as seconds, with nine decimals."""
    text = when.decode()
    return f"{timegm(time.strptime(text[:19], '%Y-%m-%dT%H:%M:%S'))}.{text[20:29]}"


def entries(
    engine: APIClient, container: str, *, since: str = "", follow: bool = True, tail: str = "all"
) -> Iterator[list[Entry]]:
    """Read entries as they come, those that come together at once, to the end of the log or the followed container."""
    params = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "tail": tail}
    if since:
        params["since"] = since
    # the SDK's own way asks the connection twice for each entry, and needs half as much time again
    sdk: Any = engine
    response = sdk._get(sdk._url("/containers/{0}/logs", container), params=params, stream=True)  # noqa: SLF001
    sdk._disable_socket_timeout(sdk._get_raw_response_socket(response))  # noqa: SLF001 - who works may be silent
    rest = b""
    while piece := response.raw.read1(_PIECE):
        rest += piece
        at, whole = 0, []
        while len(rest) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(rest[at + 4 : at + _HEAD], "big")
            if end > len(rest):
                break
            when, _, data = rest[at + _HEAD : end].partition(b" ")
            whole.append((when, data))
            at = end
        rest = rest[at:]
        if whole:
            yield whole
