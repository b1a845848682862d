"""Moments in messages: written in UTC by the server, rewritten by the page in the reader's own time zone."""

import re
from datetime import UTC, datetime

from markupsafe import Markup

from bot.workspace.page.render.html import link, safe_url, tag

PATTERNS = {
    "date_num": "%Y-%m-%d",
    "date": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "date_pretty": "%B %-d, %Y",
    "date_short_pretty": "%b %-d, %Y",
    "date_long_pretty": "%A, %B %-d, %Y",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
    "day_divider_pretty": "%A, %B %-d",
    "ago": "%b %-d, %H:%M",
}
TOKEN = re.compile(r"\{(\w+)\}")


def date(seconds: object, pattern: object, fallback: str, url: object = None) -> Markup:
    """A moment given in seconds since 1970, written after Slack's pattern; the fallback when it is not a moment."""
    moment = moment_of(seconds)
    if moment is None or not isinstance(pattern, str):
        return tag("span", fallback)
    drawn = tag(
        "time",
        TOKEN.sub(lambda found: _part(moment, found[1], found[0]), pattern) or fallback,
        datetime=moment.isoformat(),
        data_pattern=pattern,
        title=moment.strftime("%A, %B %-d, %Y at %H:%M:%S UTC"),
    )
    return link(url, drawn) if safe_url(url) else drawn


def moment_of(seconds: object) -> datetime | None:
    """The moment in UTC, or None when the value is no number of seconds a calendar knows."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _part(moment: datetime, name: str, written: str) -> str:
    return moment.strftime(PATTERNS[name]) if name in PATTERNS else written
