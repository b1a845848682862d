"""Hours of the week, by the clocks of one place."""

from datetime import UTC, datetime

import pytest

from storage.model.window import Window

OFFICE = Window(days=("mon", "tue", "wed", "thu"), begins=9 * 60, ends=17 * 60, zone="America/Sao_Paulo")
NIGHT = Window(days=("fri",), begins=22 * 60, ends=4 * 60, zone="UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        # São Paulo is three hours behind; 2026-03-02 is a Monday
        (OFFICE, "2026-03-02 12:00", "2026-03-02 12:00"),
        (OFFICE, "2026-03-02 11:59", "2026-03-02 12:00"),
        (OFFICE, "2026-03-02 19:59", "2026-03-02 19:59"),
        (OFFICE, "2026-03-02 20:00", "2026-03-03 12:00"),
        (OFFICE, "2026-03-05 20:00", "2026-03-09 12:00"),
        (OFFICE, "2026-03-07 12:00", "2026-03-09 12:00"),
        # over midnight: the day is the one on which it opens
        (NIGHT, "2026-03-06 22:00", "2026-03-06 22:00"),
        (NIGHT, "2026-03-07 03:59", "2026-03-07 03:59"),
        (NIGHT, "2026-03-07 04:00", "2026-03-13 22:00"),
        (NIGHT, "2026-03-06 03:00", "2026-03-06 22:00"),
        # until midnight, and all day
        (Window(days=("sun",), begins=0, ends=24 * 60), "2026-03-08 23:59", "2026-03-08 23:59"),
        (Window(days=("sun",)), "2026-03-09 00:00", "2026-03-15 00:00"),
        # the clocks change: nine in New York is 14:00 in UTC on Saturday, 13:00 on Monday
        (Window(begins=9 * 60, ends=10 * 60, zone="America/New_York"), "2026-03-07 12:00", "2026-03-07 14:00"),
        (Window(begins=9 * 60, ends=10 * 60, zone="America/New_York"), "2026-03-09 12:00", "2026-03-09 13:00"),
    ],
)
def test_a_window_knows_when_it_opens(window: Window, now: str, opens: str) -> None:
    assert window.opens(utc(now)) == utc(opens)


def test_a_window_on_no_day_is_an_error() -> None:
    with pytest.raises(ValueError, match="never opens"):
        Window(days=()).opens(utc("2026-03-02 12:00"))
