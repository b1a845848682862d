"""The file format of logs: compressed chunks of whole lines, one after the other.

A chunk is a header (magic, lines, bytes before and after compression, checksum) and its zlib stream. A torn chunk at
the end, left by a kill, is skipped by readers and cut off by the next writer; nothing before it is lost.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct(">4sIIII")
_MAGIC = b"ELOG"
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one chunk lies."""

    offset: int
    """Of its body in the file."""
    lines: int
    size: int
    """Compressed bytes."""
    checksum: int


def pack(lines: list[str]) -> bytes:
    """Make a chunk of lines (none of which contains a newline)."""
    text = "\n".join(lines).encode("utf-8", "replace")
    body = zlib.compress(text, _LEVEL)
    return _HEADER.pack(_MAGIC, len(lines), len(text), len(body), zlib.crc32(body)) + body


def mend(path: Path) -> bool:
    """Cut a torn end off a log so that it can be appended to. True when it has whole chunks already."""
    if not path.exists():
        return False
    with path.open("r+b") as file:
        whole = list(_index(file))
        file.truncate(whole[-1].offset + whole[-1].size if whole else 0)
    return bool(whole)


def read(path: Path, offset: int) -> list[str]:
    """Give the lines from number `offset` (0 is the first) on; chunks before it are not unpacked."""
    found: list[str] = []
    for file in _opened(path):
        before = 0
        for chunk in _index(file):
            if before + chunk.lines > offset:
                found += _unpack(file, chunk)[max(0, offset - before) :]
            before += chunk.lines
    return found


def tail(path: Path, lines: int) -> list[str]:
    """Give the last lines; only the chunks that hold them are unpacked."""
    found: list[str] = []
    for file in _opened(path):
        for chunk in reversed(list(_index(file))):
            if len(found) >= lines:
                break
            found = _unpack(file, chunk) + found
    return found[-lines:] if lines > 0 else []


def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.exists():
        with path.open("rb") as file:
            yield file


def _index(file: BinaryIO) -> Iterator[Chunk]:
    """Find the whole chunks; only headers are read, and the body of the last one to see whether it is torn."""
    end, at = file.seek(0, 2), 0
    while at + _HEADER.size <= end:
        file.seek(at)
        magic, lines, _, size, checksum = _HEADER.unpack(file.read(_HEADER.size))
        chunk = Chunk(at + _HEADER.size, lines, size, checksum)
        at = chunk.offset + size
        if magic != _MAGIC or at > end or (at == end and not _whole(file, chunk)):
            return
        yield chunk


def _whole(file: BinaryIO, chunk: Chunk) -> bool:
    file.seek(chunk.offset)
    return zlib.crc32(file.read(chunk.size)) == chunk.checksum


def _unpack(file: BinaryIO, chunk: Chunk) -> list[str]:
    file.seek(chunk.offset)
    body = file.read(chunk.size)
    if zlib.crc32(body) != chunk.checksum:
        return ["[this part of the log is damaged on disk]"] * chunk.lines
    return zlib.decompress(body).decode().split("\n")
