"""The one door to what is kept: database, journal and logs."""

from asyncio import get_running_loop
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage import schema
from storage.approvals import Approvals
from storage.bell import Bell
from storage.chain import Scribe
from storage.clean import Cleaner
from storage.database import Database
from storage.due import Due
from storage.gates import Gates
from storage.holds import Holds
from storage.journal import Journal
from storage.ledger import Ledger
from storage.locks import Locks
from storage.logs import Logs
from storage.posts import Posts
from storage.preferences import Preferences
from storage.questions import Questions
from storage.redact import Redactor
from storage.releases import Releases
from storage.reminders import Reminders
from storage.requests import Requests
from storage.runs import Runs
from storage.second_factors import SecondFactors
from storage.tenures import Tenures

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
    ledger: Ledger
    locks: Locks
    approvals: Approvals
    questions: Questions
    gates: Gates
    holds: Holds
    reminders: Reminders
    due: Due
    second_factors: SecondFactors
    releases: Releases
    posts: Posts
    preferences: Preferences
    tenures: Tenures
    logs: Logs
    bell: Bell
    """Rings when a run may go on or is to stop, whoever made it so."""
    redactor: Redactor
    """Masks the secrets that the store was opened with; for what is said elsewhere."""
    database: Database
    """Private to `storage`."""

    @classmethod
    async def open(cls, url: str, data: Path, clock: Clock = _now, secrets: Sequence[str] = ()) -> "Store":
        """Open, and bring the tables up to date.

        `url` is `sqlite:///path` or `postgresql+psycopg://...`; `data` is the folder for logs. `secrets` are never
        written: they are masked in journal, replies and logs. Raises `schema.Newer` for a database of a newer Estiva.
        """
        redactor = Redactor(secrets)
        database = Database(url)
        try:
            await database.write(schema.upgrade)
        except BaseException:
            await database.close()
            raise
        return cls.over(database, Logs(data / "logs", redactor), redactor, clock)

    @classmethod
    def over(cls, database: Database, logs: Logs, redactor: Redactor, clock: Clock) -> "Store":
        """Put together what is there already: a database whose tables are up to date, and logs."""
        scribe = Scribe(cleaner=Cleaner(redactor), clock=clock)
        return cls(
            requests=Requests(database, scribe),
            runs=Runs(database, scribe),
            journal=Journal(database, scribe),
            ledger=Ledger(database, scribe),
            locks=Locks(database, scribe),
            approvals=Approvals(database, scribe),
            questions=Questions(database, scribe),
            gates=Gates(database, scribe),
            holds=Holds(database, scribe),
            reminders=Reminders(database, scribe),
            due=Due(database),
            second_factors=SecondFactors(database, scribe),
            releases=Releases(database, scribe),
            posts=Posts(database),
            preferences=Preferences(database, scribe),
            tenures=Tenures(database, scribe.now),
            logs=logs,
            bell=database.bell,
            redactor=redactor,
            database=database,
        )

    async def close(self) -> None:
        """Flush the logs and close the database. Waits for what is under way."""
        with ThreadPoolExecutor(1, "estiva-close") as closing:
            await get_running_loop().run_in_executor(closing, self.logs.close)
        await self.database.close()
