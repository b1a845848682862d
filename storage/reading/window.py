"""The window of a stage as the file writes it: `{days: mon-thu, hours: "09:00-17:00", zone: America/Sao_Paulo}`."""

import re
from functools import cache
from zoneinfo import available_timezones

from storage.model.window import DAYS, Window
from storage.reading.document import Item, meant

_HOURS = re.compile(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)")
_DAY = "|".join(DAYS)
_RANGE = re.compile(rf"({_DAY})(?:\s*-\s*({_DAY}))?")
_MIDNIGHT = 24 * 60


def window(item: Item) -> Window | None:
    """Read a window; hours that end before they begin go on past midnight."""
    read = item.record({"days": days, "hours": hours, "zone": zone})
    begins, ends = read.get("hours", (0, _MIDNIGHT))
    week, where = read.get("days", DAYS), read.get("zone", "UTC")
    if not (week and where) or begins == ends:
        return None  # the problem is said already
    return Window(days=week, begins=begins, ends=ends, zone=where)


def days(item: Item) -> tuple[str, ...]:
    """Read `fri`, `mon-thu`, `mon-wed, fri`, or a list of such words."""
    texts = item.text().split(",") if item.is_text else item.texts()
    found: set[str] = set()
    for text in texts:
        matched = _RANGE.fullmatch(text.strip().lower())
        if matched is None:
            item.problem(f"{text.strip()!r} is no day: days are {', '.join(DAYS)}, or from one to another: mon-thu")
            return ()
        found |= set(_from(matched[1], matched[2] or matched[1]))
    return tuple(day for day in DAYS if day in found)


def _from(first: str, last: str) -> tuple[str, ...]:
    """Give the days from one to another, over the end of the week when need be."""
    begin = DAYS.index(first)
    return (DAYS * 2)[begin : begin + (DAYS.index(last) - begin) % len(DAYS) + 1]


def hours(item: Item) -> tuple[int, int]:
    """Read `09:00-17:00` as minutes after midnight."""
    found = _HOURS.fullmatch(item.text().strip())
    begins, ends = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if begins == ends or begins >= _MIDNIGHT or ends > _MIDNIGHT:
        item.problem('should be hours such as "09:00-17:00", that differ')
        return 0, 0
    return begins, ends


def zone(item: Item) -> str:
    """Read the name of a time zone."""
    name = item.text()
    if name and name not in _zones():
        item.problem(f"there is no time zone {name!r}{meant(name, _zones())}")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
