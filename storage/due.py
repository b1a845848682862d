"""Whether there is anything to do for who looks around: one question, where mostly there is nothing.

Each part of it goes through the index through which the work itself finds what it is to do.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from storage.database import Database
from storage.statements import APPROVALS, GATES, LOCKS
from storage.tables import HeldRow, HoldRow, Moment

_HOLDS: sa.Table = HoldRow.__table__  # type: ignore[attr-defined]
_HELD: sa.Table = HeldRow.__table__  # type: ignore[attr-defined]


class Task(StrEnum):
    """What somebody who looks around does."""

    EXPIRE = "expire"
    """End the questions that nobody answered in time: `Approvals.expire`."""
    LOOK_AGAIN = "look again"
    """Wake the actions that look by themselves whether they were answered: `Questions.look_again`."""
    OPEN = "open"
    """Open gates: `Gates.due`."""
    REMIND = "remind"
    """Remind people, or ask more of them: `Reminders.send`."""
    LET_IN = "let in"
    """End holds, and make ready the runs that none keeps out: `Holds.expire`, `Holds.free`."""
    LET_GO = "let go"
    """See to locks that are kept beyond the end of their run: `Locks.kept`."""


_NOW = sa.bindparam("now", type_=Moment)
_PENDING = APPROVALS.c.decision == "pending"
_DUE = {
    Task.EXPIRE: sa.exists().where(_PENDING, APPROVALS.c.expires_at <= _NOW),
    Task.LOOK_AGAIN: sa.exists().where(_PENDING, APPROVALS.c.look_at <= _NOW),
    Task.OPEN: sa.exists().where(GATES.c.settled_at.is_(None), GATES.c.opens_at.is_not(None), GATES.c.opens_at <= _NOW),
    Task.REMIND: sa.or_(
        sa.exists().where(_PENDING, APPROVALS.c.remind_at <= _NOW),
        sa.exists().where(_PENDING, APPROVALS.c.escalate_at <= _NOW),
    ),
    Task.LET_IN: sa.or_(
        sa.exists().select_from(_HELD),
        sa.exists().where(_HOLDS.c.ended_at.is_(None), _HOLDS.c.expires_at <= _NOW),
    ),
    Task.LET_GO: sa.exists().where(LOCKS.c.kept_at.is_not(None)),
}
_LOOK = sa.select(*(there.label(task.name.lower()) for task, there in _DUE.items()))


class Due:
    """Looks in one database."""

    def __init__(self, database: Database) -> None:
        """Look in `database`."""
        self._database = database

    async def at(self, now: datetime) -> frozenset[Task]:
        """Tell for which tasks there is something to do; for all others there is nothing."""
        found = await self._database.look(lambda connection: connection.execute(_LOOK, {"now": now}).one())
        return frozenset(task for task, there in zip(_DUE, found, strict=True) if there)
