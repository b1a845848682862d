"""How far each reader has read each run. Runs inside the caller's transaction."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage.tables import CursorRow, RunRow


def behind(session: Session, reader: str) -> list[str]:
    """Give the runs that have events beyond the reader's place, oldest first.

    Per run, not over the whole journal: on PostgreSQL ids may become visible out of order, sequences of one run not.
    """
    mine = sa.and_(col(CursorRow.run) == col(RunRow.id), col(CursorRow.reader) == reader)
    statement = (
        select(RunRow.id)
        .join(CursorRow, mine, isouter=True)
        .where(col(RunRow.sequence) > sa.func.coalesce(CursorRow.seen, 0))
        .order_by(col(RunRow.opened_at), col(RunRow.id))
    )
    return list(session.exec(statement))


def get(session: Session, reader: str, run: str) -> int:
    """Give the reader's place in a run; 0 before the first event."""
    row = session.get(CursorRow, (reader, run))
    return row.seen if row else 0


def put(session: Session, reader: str, run: str, sequence: int) -> None:
    """Move the reader's place forward."""
    row = session.get(CursorRow, (reader, run), with_for_update=True)
    if row is None:
        session.add(CursorRow(reader=reader, run=run, seen=sequence))
    elif row.seen < sequence:
        row.seen = sequence
        session.add(row)
