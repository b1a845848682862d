"""Which lines may hold a secret: a cheap look at the whole text, so that patterns are tried on few lines."""

import re
from collections.abc import Iterator

_STEMS = (
    b"passw",
    b"passphrase",
    b"pwd",
    b"secret",
    b"token",
    b"key",
    b"credential",
    b"earer ",
    b"asic ",
    b"hf_",
    b"_org_",
)
"""Parts of the words that name secrets, and of tokens without digits; compared without case."""
_KINDS = (
    bytes(
        ord("0") if chr(byte).isdigit() else ord("a") if chr(byte).isalnum() or byte in b"_-" else ord(" ")
        for byte in range(128)
    )
    + b" " * 128
)
"""Digits to 0, letters to a, everything else to a space."""
_RUN = re.compile(rb"[a0]{16,}")
"""Every well-known token has such a run, with a digit in it."""


def suspects(text: bytes) -> list[tuple[int, int]]:
    """Give (start, end) of each line that is worth a closer look, in order."""
    lowered = text.lower()
    found: set[tuple[int, int]] = set()
    for stem in _STEMS:
        found.update(_lines(lowered, stem))
    found.update((start, end) for start, end in _lines(text, b"@") if text.find(b"://", start, end) >= 0)
    found.update(_long_words(text))
    return sorted(found)


def _lines(text: bytes, part: bytes) -> Iterator[tuple[int, int]]:
    """Give each line that contains `part`."""
    at = text.find(part)
    while at >= 0:
        line = _line(text, at)
        yield line
        at = text.find(part, line[1])


def _long_words(text: bytes) -> Iterator[tuple[int, int]]:
    kinds = text.translate(_KINDS)
    for run in _RUN.finditer(kinds):
        if kinds.find(b"0", run.start(), run.end()) >= 0:
            yield _line(text, run.start())


def _line(text: bytes, at: int) -> tuple[int, int]:
    end = text.find(b"\n", at)
    return text.rfind(b"\n", 0, at) + 1, len(text) if end < 0 else end
