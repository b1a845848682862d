"""Lines that say the same again and again, told once, with how many more there were."""

import re
from collections.abc import Sequence

from storage.model.worded import worded

_LONGEST = 4
"""Lines of what may repeat as a whole: `request began`, `request ended`, ..."""
_FEWEST = 3
"""Times that it must stand there: what is said twice may be meant."""
_VARIES = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d|\d\d/[A-Z][a-z]{2}/\d{4}"  # a date
    r"|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?|\b\d{10,}(?:\.\d+)?\b"  # a time, by the clock or as seconds
    r"|\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s)\b"  # how long it took
    r"|\b\d{1,3}(?:\.\d{1,3}){3}:\d+\b"  # from which port
)
"""What differs between two lines that say the same; other numbers are what a line says."""


def without_repeats(lines: Sequence[str]) -> list[str]:
    """Keep the first of what follows itself, give or take times and ports, and count the rest in a line of its own."""
    alike = [_VARIES.sub("", line) for line in lines]
    kept: list[str] = []
    place = 0
    while place < len(lines):
        length, times = _repeated(alike, place)
        kept += lines[place : place + length]
        if times > 1:
            kept.append(worded("… {count} more lines like that", count=length * (times - 1)))
        place += length * times
    return kept


def _repeated(alike: Sequence[str], place: int) -> tuple[int, int]:
    """Find how many lines from here on stand there how many times; one, once, where nothing repeats often enough."""
    for length in range(1, _LONGEST + 1):
        times = 1
        while alike[place : place + length] == alike[place + length * times : place + length * (times + 1)]:
            times += 1
        if times >= _FEWEST:
            return length, times
    return 1, 1
