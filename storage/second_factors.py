"""Codes of authenticators: each counts once, and guessing is slow."""

from datetime import timedelta
from enum import StrEnum

from sqlmodel import Session

from storage.chain import Scribe
from storage.database import Database
from storage.tables import SecondFactorRow

_MOST_FAILURES = 5
_PAUSE = timedelta(minutes=15)


class Code(StrEnum):
    """What became of a code."""

    TAKEN = "taken"
    WRONG = "wrong"
    USED = "used"
    """It, or a later one, was used before."""
    BLOCKED = "blocked"
    """Too many wrong ones lately: none is looked at for a while."""


class SecondFactors:
    """The last code of each person. Whether a code is right is for the caller to know."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep them in `database`; the scribe has the clock."""
        self._database = database
        self._scribe = scribe

    async def take(self, person: str, step: int | None) -> Code:
        """Use up the code of a time step; `None` says that the code was wrong. Of two at once, one is taken."""

        def work(session: Session) -> Code:
            _make_sure_of(session, person)
            row = session.get_one(SecondFactorRow, person, populate_existing=True, with_for_update=True)
            result = self._judge(row, step)
            session.add(row)
            session.flush()
            return result

        return await self._database.write(work)

    def _judge(self, row: SecondFactorRow, step: int | None) -> Code:
        now = self._scribe.now()
        if row.failures >= _MOST_FAILURES and row.failed_at is not None and now < row.failed_at + _PAUSE:
            return Code.BLOCKED
        if step is None:
            row.failures, row.failed_at = row.failures + 1, now
            return Code.WRONG
        if step <= row.last:
            return Code.USED
        row.last, row.failures, row.failed_at = step, 0, None
        return Code.TAKEN


def _make_sure_of(session: Session, person: str) -> None:
    """See that there is a row to lock, whoever else does the same at this moment."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    made = dialect.insert(SecondFactorRow).values(person=person, last=0, failures=0)
    session.execute(made.on_conflict_do_nothing(index_elements=["person"]))
