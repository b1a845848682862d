"""Whose turn it is to read the journal to people: of several processes one, until another takes over.

A process that lost its turn without noticing (it was frozen, or cut off) is refused here, in the transaction in which
it wants to write, whatever it believes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from storage.database import Database
from storage.tables import TenureRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One process's turn. The number rises with every turn."""

    reader: str
    number: int


class Superseded(Exception):  # noqa: N818 - says what has happened
    """Another process has taken over: this one must say nothing more."""


class Tenures:
    """The turns of each reader."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        """Keep turns in `database`."""
        self._database = database
        self._now = now

    async def begin(self, reader: str, holder: str) -> Tenure:
        """Begin the next turn, and end everybody else's with it."""

        def work(session: Session) -> Tenure:
            row = session.get(TenureRow, reader, with_for_update=True, populate_existing=True)
            if row is None:
                row = TenureRow(reader=reader, number=0, holder=holder, since=self._now())
            row.number, row.holder, row.since = row.number + 1, holder, self._now()
            session.add(row)
            return Tenure(reader=reader, number=row.number)

        return await self._database.write(work)

    async def holder(self, reader: str) -> str:
        """Return who had the last turn; empty before the first."""

        def work(session: Session) -> str:
            row = session.get(TenureRow, reader)
            return row.holder if row else ""

        return await self._database.read(work)

    async def check(self, tenure: Tenure) -> None:
        """Return when it is still this turn. Raises `Superseded`."""
        await self._database.read(lambda session: hold(session, tenure, lock=False))


def hold(session: Session, tenure: Tenure, *, lock: bool = True) -> None:
    """See that it is still this turn, until the caller's transaction ends. Raises `Superseded`."""
    statement = sa.select(col(TenureRow.number)).where(col(TenureRow.reader) == tenure.reader)
    number = session.execute(statement.with_for_update(read=True) if lock else statement).scalar_one_or_none()
    if number != tenure.number:
        raise Superseded(f"turn {tenure.number} of the reader {tenure.reader} is over: it is turn {number} now")
