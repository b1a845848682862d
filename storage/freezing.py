"""Whether a freeze of the catalog is in force, and until when."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from storage.model.hold import Freeze, Hindrance, HoldKind
from storage.model.window import DAYS

_WHOLE_DAY = 24 * 60
_FURTHEST = 400
"""Days in a row that are looked at: a freeze that is longer is looked at again when they are over."""


def frozen(freezes: Iterable[Freeze], environment: str, now: datetime) -> Hindrance | None:
    """Give the freeze that is in force in an environment and lasts longest; `None` when there is none."""
    found = [
        Hindrance(by="catalog", reason=freeze.reason, until=until, kind=HoldKind.FREEZE)
        for freeze in freezes
        if freeze.environment in (None, environment) and (until := _until(freeze, now)) is not None
    ]
    return max(found, key=lambda each: each.until or now, default=None)


def _until(freeze: Freeze, now: datetime) -> datetime | None:
    """Give the end of the time without gaps in which `now` lies; `None` when it lies in none."""
    end = None
    for begins, ends in _times(freeze, now):
        if begins <= (end or now) < ends:
            end = ends
        elif begins > (end or now):
            break
    return end


def _times(freeze: Freeze, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the frozen times in their order, from the day before `now` (hours may go over midnight)."""
    first = now.astimezone(ZoneInfo(freeze.zone)).date() - timedelta(days=1)
    begins, ends = (freeze.window.begins, freeze.window.ends) if freeze.window else (0, _WHOLE_DAY)
    for day in (first + timedelta(days=n) for n in range(_FURTHEST)):
        if _meant(freeze, day):
            yield (
                _at(freeze.zone, day, begins),
                _at(freeze.zone, day, ends if ends > begins else ends + _WHOLE_DAY),
            )


def _meant(freeze: Freeze, day: date) -> bool:
    days = freeze.window.days if freeze.window else DAYS
    listed = bool(freeze.dates or freeze.holidays)
    by_week = DAYS[day.weekday()] in days and not (listed and days == DAYS)
    by_date = any(first <= day <= last for first, last in freeze.dates)
    return by_week or by_date or (freeze.holidays is not None and day in _holidays(freeze.holidays, day.year))


@cache
def _holidays(place: str, year: int) -> frozenset[date]:
    import holidays  # a large package, for whoever names a country

    country, _, part = place.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))


def knows(place: str) -> bool:
    """Tell whether there are holidays of a country, or of a part of it."""
    try:
        _holidays(place, datetime.now(UTC).year)
    except (NotImplementedError, KeyError):
        return False
    return True


def _at(zone: str, day: date, minutes: int) -> datetime:
    whole, rest = divmod(minutes, _WHOLE_DAY)
    moment = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), ZoneInfo(zone))
    return moment.astimezone(UTC)
