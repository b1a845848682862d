"""Times as people write and read them: `2h` ago, `2026-03-02 09:00 UTC`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial

from commands.texts import phrase
from storage.model.moment import spelled

_SPAN = re.compile(r"(?P<count>\d+)(?P<unit>s|m|min|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


def earlier(text: str, now: datetime | None = None) -> datetime | None:
    """Read `10m`, `2h`, `3d` (before `now`) or a date; `None` for what is no time that there was."""
    span = _SPAN.fullmatch(text)
    try:
        if span:
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[span["unit"]]: int(span["count"])})
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def in_words(language: str, text: str) -> str:
    """Put the moments in an answer into words, for who has no clock of their own: a record, a program, a form."""
    return spelled(text, partial(written, partial(phrase, language)))


def written(say: Callable[..., str], at: datetime, zone: tzinfo | None = UTC) -> str:
    """Write a time with `say`, which knows the language; `None` is the zone of this machine."""
    there = at.astimezone(zone)
    day = {"year": f"{there:%Y}", "month": f"{there:%m}", "day": f"{there:%d}"}
    return say("{year}-{month}-{day} {time} {zone}", **day, time=f"{there:%H:%M}", zone=f"{there:%Z}")


def span(begin: datetime | None, end: datetime | None) -> str:
    """Write how long something took: `1 min 12 s`. Empty when it is not known."""
    if begin is None or end is None:
        return ""
    return lasting(end - begin)


def lasting(time: timedelta) -> str:
    """Write a length of time: `1 min 12 s`."""
    seconds = max(0, round(time.total_seconds()))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
