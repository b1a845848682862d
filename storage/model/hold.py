"""What keeps releases out of a place: somebody's lock, somebody's freeze, or a freeze that the catalog has."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.model.window import Window


class HoldKind(StrEnum):
    """Whom it keeps out."""

    LOCK = "lock"
    """Everybody but its owner."""
    FREEZE = "freeze"
    """Everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A lock or a freeze, as long as it is in force."""

    id: int
    kind: HoldKind
    service: str | None
    """`None`: every service."""
    environment: str | None
    """`None`: every environment."""
    owner: str
    """Slack user id of who took it, or whose rollback it follows."""
    reason: str
    taken_at: datetime
    expires_at: datetime | None
    """`None`: until somebody ends it."""
    rollback: str | None = None
    """The rollback after which it was taken, so that the next deploy does not undo it."""

    def covers(self, service: str | None, environment: str) -> bool:
        """Tell whether it is about a place; `None`: about all services there."""
        return self.service in (None, service) and self.environment in (None, environment)

    def over(self, now: datetime) -> bool:
        """Tell whether its time is over, though nobody may have ended it yet."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Times of the catalog at which nothing is released. Days, dates and holidays add up; none of them: every day."""

    environment: str | None = None
    """`None`: every environment."""
    window: Window | None = None
    """Days of the week and hours; the hours are those of the dates and holidays too."""
    dates: tuple[tuple[date, date], ...] = ()
    """First and last day."""
    holidays: str | None = None
    """Country whose public holidays count, and its part: `BR`, `BR-SP`."""
    zone: str = "UTC"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Why a run may not begin in a place now."""

    by: str
    """Slack user id, or `catalog`."""
    reason: str
    until: datetime | None
    """`None`: until somebody ends it."""
    kind: HoldKind
    hold: int | None = None
    rollback: str | None = None
