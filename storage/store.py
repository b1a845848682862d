"""The one door to what is kept: database, journal and logs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.approvals import Approvals
from storage.journal import Journal
from storage.locks import Locks
from storage.logs import Logs
from storage.posts import Posts
from storage.releases import Releases
from storage.requests import Requests
from storage.runs import Runs

Clock = Callable[[], datetime]
"""Gives the time now, with its offset."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Everything Estiva remembers. One per process; open it with `Store.open`."""

    requests: Requests
    runs: Runs
    journal: Journal
    locks: Locks
    approvals: Approvals
    releases: Releases
    posts: Posts
    logs: Logs

    @classmethod
    async def open(cls, url: str, data: Path, clock: Clock = _now, secrets: Sequence[str] = ()) -> "Store":
        """Open, and bring the tables up to date.

        `url` is `sqlite:///path` or `postgresql+psycopg://...`; `data` is the folder for logs. `secrets` are never
        written: they are masked in journal, replies and logs.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Flush the logs and close the database. Waits for what is under way."""
        raise NotImplementedError
