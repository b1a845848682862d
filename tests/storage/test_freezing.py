"""When a freeze of the catalog is in force, and until when."""

from datetime import UTC, date, datetime

import pytest

from storage.freezing import frozen
from storage.model.hold import Freeze
from storage.model.window import Window

ZONE = "America/Sao_Paulo"  # three hours behind UTC
NIGHTS = Freeze(
    environment="production",
    window=Window(days=("fri", "sat", "sun"), begins=18 * 60, ends=8 * 60, zone=ZONE),
    zone=ZONE,
)
YEAR_END = Freeze(dates=((date(2026, 12, 24), date(2027, 1, 2)),), zone=ZONE)
CARNIVAL = Freeze(holidays="BR", zone=ZONE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("freeze", "now", "until"),
    [
        (NIGHTS, "2026-03-06T20:59", None),  # a Friday, 17:59 there
        (NIGHTS, "2026-03-06T21:00", "2026-03-07T11:00"),
        (NIGHTS, "2026-03-07T10:59", "2026-03-07T11:00"),
        (NIGHTS, "2026-03-07T11:00", None),
        (NIGHTS, "2026-03-09T10:59", "2026-03-09T11:00"),  # the night that began on Sunday
        (NIGHTS, "2026-03-09T22:00", None),  # Monday evening
        (YEAR_END, "2026-12-24T02:59", None),
        (YEAR_END, "2026-12-24T03:00", "2027-01-03T03:00"),
        (CARNIVAL, "2026-09-07T12:00", "2026-09-08T03:00"),  # independence day
        (CARNIVAL, "2026-09-08T12:00", None),
        (Freeze(), "2026-09-08T12:00", "ever"),
    ],
)
def test_a_freeze_is_in_force_until_its_last_gapless_hour(freeze: Freeze, now: str, until: str | None) -> None:
    found = frozen([freeze], "production", at(now))
    if until == "ever":
        assert found is not None
        assert found.until is not None
        assert (found.until - at(now)).days > 300
    else:
        assert (found.until if found else None) == (at(until) if until else None)


def test_days_and_dates_add_up() -> None:
    both = Freeze(
        window=Window(days=("fri", "sat", "sun")), dates=((date(2026, 3, 9), date(2026, 3, 9)),), reason="release"
    )
    found = frozen([both], "homolog", at("2026-03-06T00:00"))
    assert found is not None
    assert (found.until, found.reason) == (at("2026-03-10T00:00"), "release")


def test_another_environment_is_not_frozen() -> None:
    assert frozen([NIGHTS], "homolog", at("2026-03-07T00:00")) is None
