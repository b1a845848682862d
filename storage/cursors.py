"""How far Slack has been told of each run. Runs inside the caller's transaction."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage.tables import RunRow


def behind(session: Session) -> list[str]:
    """Give the runs that have events beyond the place, oldest first; reads no others (index `runs_news`).

    Per run, not over the whole journal: on PostgreSQL ids may become visible out of order, sequences of one run not.
    """
    statement = select(RunRow.id).where(RunRow.sequence > RunRow.told).order_by(col(RunRow.opened_at), col(RunRow.id))
    return list(session.exec(statement))


def get(session: Session, run: str) -> int:
    """Give the place in a run; 0 before the first event."""
    return session.exec(select(RunRow.told).where(col(RunRow.id) == run)).one_or_none() or 0


def put(session: Session, run: str, sequence: int) -> None:
    """Move the place forward."""
    _move(session, run, sequence, RunRow.told < sequence)


def reset(session: Session, run: str) -> None:
    """Begin anew: everything about the run is news."""
    _move(session, run, 0)


def _move(session: Session, run: str, sequence: int, *conditions: Any) -> None:
    statement = sa.update(RunRow).where(col(RunRow.id) == run, *conditions).values(told=sequence)
    session.execute(statement.execution_options(synchronize_session=False)).close()
