"""A moment in the plain text of an answer: `<t:1772442000>`, which each surface writes by its reader's own clock."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

_TOKEN = re.compile(r"<t:([0-9]{1,11})>")


def token(at: datetime) -> str:
    """Stand for a moment, to the second."""
    return f"<t:{int(at.timestamp())}>"


def pieces(text: str) -> Iterator[str | datetime]:
    """Take a text apart: what stands between the moments, and the moments, in UTC."""
    for number, piece in enumerate(_TOKEN.split(text)):
        if number % 2:
            yield datetime.fromtimestamp(int(piece), UTC)
        elif piece:
            yield piece


def spelled(text: str, write: Callable[[datetime], str]) -> str:
    """Put the moments in a text into words."""
    return "".join(piece if isinstance(piece, str) else write(piece) for piece in pieces(text))
