"""When something was, by the clock of whoever reads: on a page in their zone, in a terminal in the machine's."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import partial

from markupsafe import Markup, escape

from bot.slack.marks import Say
from commands.times import written
from storage.model.moment import pieces, spelled

_CODE = re.compile(r"`([^`\n]+)`")


def clock(at: datetime, day: datetime, zone: tzinfo | None = UTC) -> str:
    """Write the time of day, and the day before it when it is not `day`; `None` is the zone of this machine."""
    there = at.astimezone(zone)
    same = there.date() == day.astimezone(zone).date()
    return f"{there:%H:%M:%S}" if same else f"{there:%m-%d %H:%M}"


def local(text: str, say: Say) -> str:
    """Write the moments in a text by the clock of this machine."""
    return spelled(text, partial(written, say, zone=None))


def timed(text: str, say: Say) -> Markup:
    """Make HTML of a text, in which only pairs of back-ticks are markup.

    Its moments are put into the reader's zone by the page, and stand in UTC until then.
    """
    return Markup("").join(
        _words(piece) if isinstance(piece, str) else _time(piece, written(say, piece), "moment")
        for piece in pieces(text)
    )


def _words(text: str) -> Markup:
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if nth % 2 else escape(part) for nth, part in enumerate(parts)
    )


def clocked(day: datetime, say: Say) -> Callable[[datetime | None], Markup]:
    """Give what makes HTML of a time of day, of a run that began on `day`; nothing of what has not been yet."""

    def drawn(at: datetime | None) -> Markup:
        return _time(at, clock(at, day), "clock", written(say, at)) if at else Markup("")

    return drawn


def _time(at: datetime, text: str, form: str, title: str = "") -> Markup:
    return Markup('<time datetime="{}" data-form="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(timespec="seconds"), form, title or text, text
    )
