"""Links to the pages of runs: signed and expiring, so that whoever has one needs no account, and nobody can guess one.

A link opens one path. The list of runs gives links to each run in it, a run's page gives links to its own logs, and
they back to it; there is no way up from a run to the list.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from bot.settings import Settings

_PURPOSE = b"estiva page\0"


@dataclass(slots=True, kw_only=True)
class Links:
    """Makes links and checks them."""

    secret: bytes
    clock: Callable[[], datetime]
    base: str = ""
    """Where the pages are for people: `https://estiva.example.com`."""
    lasts: timedelta = timedelta(days=30)

    def to_run(self, run: str, opened_at: datetime) -> str:
        """Give the address of a run's page; the same each time, so that a message that holds it need not change."""
        return self.base + self.path(f"/runs/{quote(run, safe='')}", self._until(opened_at))

    def to_log(self, run: str, opened_at: datetime, stage: str, action: str) -> str:
        """Give the address of the log of one action."""
        return self.base + self.path(f"/runs/{run}/logs/{stage}/{action}", self._until(opened_at))

    def to_list(self) -> str:
        """Give the address of the list of all runs, for operators; it is good for a day."""
        return self.base + self.path("/runs", int((self.clock() + timedelta(days=1)).timestamp()))

    def path(self, path: str, until: int, **more: str) -> str:
        """Sign a path for as long as `until` (seconds since 1970)."""
        return f"{path}?{urlencode({'until': until, 'key': self._key(path, until), **more})}"

    def until(self, path: str, until: str, key: str) -> int | None:
        """Check what came with a request; gives until when it is good, `None` when it is not."""
        if not (until.isascii() and until.isdecimal() and len(until) <= len("9999999999")):
            return None
        good = hmac.compare_digest(self._key(path, int(until)).encode(), key.encode(errors="replace"))
        return int(until) if good and int(until) > self.clock().timestamp() else None

    def _until(self, opened_at: datetime) -> int:
        return int((opened_at + self.lasts).timestamp())

    def _key(self, path: str, until: int) -> str:
        return hmac.new(self.secret, _PURPOSE + f"{until}\0{path}".encode(), hashlib.sha256).hexdigest()[:40]


def links_for(settings: Settings) -> Links | None:
    """Make what the settings ask for; `None` when there are no pages."""
    if not settings.pages or settings.pages_secret is None:
        return None
    return Links(
        secret=settings.pages_secret.get_secret_value().encode(),
        clock=lambda: datetime.now(UTC),
        base=(settings.pages_url or "").rstrip("/"),
        lasts=timedelta(days=settings.pages_days),
    )
