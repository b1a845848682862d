"""Whose turn a run is: the four phases and the only ways between them. Runs inside the caller's transaction.

    ready -> walking      the engine begins the leg (and may begin it again after a crash)
    walking -> parked     the run waits for people or for a lock
    parked -> ready       what it waited for has come: the next leg
    any -> closed         the run has ended, for ever

Each step is a compare-and-set: the one who comes second changes nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlmodel import Session, col, select

from storage import statements
from storage.bell import ring
from storage.fence import Claim
from storage.model.run import Status
from storage.tables import RunRow


class Phase(StrEnum):
    """Whose turn it is."""

    READY = "ready"
    WALKING = "walking"
    PARKED = "parked"
    CLOSED = "closed"


def begin(connection: sa.Connection, run: str, leg: int) -> Claim | None:
    """Begin a leg, or begin it again; whoever had begun it before is overtaken.

    `None` when another leg's turn has come or the run waits or has ended.
    """
    begun = {"walked": run, "begun": leg}
    epoch = connection.execute(statements.BEGIN_LEG, begun).scalar_one_or_none()
    return None if epoch is None else Claim(run=run, epoch=epoch)


def park(session: Session, run: str) -> bool:
    """Let the run wait; it has to be walking. When it is to be cancelled its next leg is ready at once, to end it."""
    parked = _change(session, run, RunRow.phase == Phase.WALKING, phase=Phase.PARKED, status=Status.WAITING)
    if parked:
        _wake(session, run, col(RunRow.cancel_requested).is_(True))
    return parked


def wake(session: Session, run: str) -> bool:
    """Make the next leg of a waiting run ready."""
    return _wake(session, run)


def close(connection: sa.Connection, run: str, status: Status, now: datetime) -> int | None:
    """End the run, and give the sequence of its last event, which the caller writes. `None` when it had ended."""
    closed = {"closed": run, "ended": status.value, "now": now}
    return connection.execute(statements.CLOSE_RUN, closed).scalar_one_or_none()


def going_on(session: Session, run: str) -> bool:
    """Tell whether the run has not ended; the caller holds its chain."""
    return session.exec(select(RunRow.phase).where(col(RunRow.id) == run)).one() != Phase.CLOSED


def ask_to_cancel(session: Session, run: str) -> bool:
    """Set the flag that asks the run to stop; false when it is set or the run has ended."""
    asked = _change(
        session, run, RunRow.phase != Phase.CLOSED, col(RunRow.cancel_requested).is_(False), cancel_requested=True
    )
    if asked:
        ring(session)
    return asked


def _wake(session: Session, run: str, *conditions: Any) -> bool:
    parked = RunRow.phase == Phase.PARKED
    woken = _change(session, run, parked, *conditions, phase=Phase.READY, leg=RunRow.leg + 1)
    if woken:
        ring(session)
    return woken


def _change(session: Session, run: str, *conditions: Any, **changes: Any) -> bool:
    statement = (
        sa.update(RunRow)
        .where(col(RunRow.id) == run, *conditions)
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1
