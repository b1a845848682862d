"""Hours of the week in which a stage may begin."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WHOLE_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The same hours on some days of the week, by the clocks of one place."""

    days: tuple[str, ...] = DAYS
    """Days on which it opens, by their names in `DAYS`."""
    begins: int = 0
    """Minutes after midnight."""
    ends: int = _WHOLE_DAY
    """Minutes after midnight; on the next day when not after `begins`."""
    zone: str = "UTC"
    """IANA name: `America/Sao_Paulo`."""

    def opens(self, now: datetime) -> datetime:
        """Tell when it is open next: `now` itself while it is open."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        # one day back for hours over midnight, one more day ahead for hours that a change of the clocks has skipped
        for offset in range(-1, 9):
            begin, end = self._on(today + timedelta(days=offset))
            if now < end and begin < end:
                return max(now, begin)
        raise ValueError(f"a window on no day never opens: {self}")

    def _on(self, day: date) -> tuple[datetime, datetime]:
        """Give the hours of one day; none (equal times) on a day that is not among `days`."""
        begin = self._at(day, self.begins)
        if DAYS[day.weekday()] not in self.days:
            return begin, begin
        return begin, self._at(day, self.ends if self.ends > self.begins else self.ends + _WHOLE_DAY)

    def _at(self, day: date, minutes: int) -> datetime:
        whole, rest = divmod(minutes, _WHOLE_DAY)
        moment = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), ZoneInfo(self.zone))
        return moment.astimezone(UTC)
