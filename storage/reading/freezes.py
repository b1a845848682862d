"""The freezes of the file: `{environment: production, days: fri-sun, hours: ..., dates: [...], holidays: BR}`."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from storage.freezing import knows
from storage.model.catalog import Environment
from storage.model.hold import Freeze
from storage.model.window import DAYS, Window
from storage.reading.document import Item, meant
from storage.reading.window import days, hours, zone

_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?")
_PLACE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,5})?")
_MIDNIGHT = 24 * 60


def freezes(item: Item | None, places: Mapping[str, Environment]) -> tuple[Freeze, ...]:
    """Read the freezes."""
    return tuple(_freeze(entry, places) for entry in (item.items() if item else []))


def _freeze(item: Item, places: Mapping[str, Environment]) -> Freeze:
    readers: Mapping[str, Callable[[Item], Any]] = {
        "environment": lambda entry: _environment(entry, places),
        "days": days,
        "hours": hours,
        "zone": zone,
        "dates": lambda entry: tuple(found for each in entry.items() if (found := _dates(each))),
        "holidays": _holidays,
        "reason": Item.text,
    }
    read = item.record(readers)
    begins, ends = read.pop("hours", (0, _MIDNIGHT))
    week, where = read.pop("days", DAYS), read.get("zone") or "UTC"
    window = Window(days=week, begins=begins, ends=ends, zone=where) if week and begins != ends else None
    return Freeze(**{**read, "window": window, "zone": where})


def _environment(item: Item, places: Mapping[str, Environment]) -> str | None:
    name = item.text()
    if name and name != "*" and name not in places:
        item.problem(f"there is no environment {name!r}{meant(name, places)}")
    return None if name == "*" else name


def _dates(item: Item) -> tuple[date, date] | None:
    found = _DATES.fullmatch(item.text().strip())
    try:
        both = (date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])) if found else None
    except ValueError:
        both = None
    if both is None or both[1] < both[0]:
        item.problem("should be a date such as 2026-12-24, or from one to another: 2026-12-24..2027-01-02")
        return None
    return both


def _holidays(item: Item) -> str | None:
    place = item.text().strip()
    if not _PLACE.fullmatch(place) or not knows(place):
        item.problem(f"no holidays are known of {place!r}: write a country such as BR, or a part of it such as BR-SP")
        return None
    return place
