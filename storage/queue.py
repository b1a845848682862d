"""The queue for one environment of a service. Runs inside the caller's transaction."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import phases
from storage.chain import Scribe
from storage.model.event import Fact, Kind
from storage.tables import LockRow


def lock(session: Session, service: str, environment: str) -> None:
    """Let nobody else join or leave until the transaction ends.

    Without it PostgreSQL may show a newer place before an older one is committed, and a leaving holder may miss
    who is just joining.
    """
    if session.get_bind().dialect.name != "sqlite":
        key = sa.func.hashtextextended(f"{service}/{environment}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def line(session: Session, service: str, environment: str) -> list[str]:
    """Give the runs in their order, the holder first."""
    statement = (
        select(LockRow.run)
        .where(LockRow.service == service, LockRow.environment == environment)
        .order_by(col(LockRow.id))
    )
    return list(session.exec(statement))


def lines(session: Session) -> dict[tuple[str, str], list[str]]:
    """Give every line that somebody stands in."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in session.exec(select(LockRow).order_by(col(LockRow.id))):
        found.setdefault((row.service, row.environment), []).append(row.run)
    return found


def join(session: Session, run: str, service: str, environment: str) -> list[str]:
    """Take a place at the end, if the run has none yet, and give the line."""
    waiting = line(session, service, environment)
    if run not in waiting:
        session.add(LockRow(service=service, environment=environment, run=run))
        session.flush()
        waiting.append(run)
    return waiting


def leave(session: Session, scribe: Scribe, run: str, environment: str) -> None:
    """Give up a place; when it was the holder's the next is made ready. Those behind are told where they stand."""
    place = session.exec(select(LockRow).where(LockRow.run == run, LockRow.environment == environment)).first()
    if place is None:
        return
    before = line(session, place.service, environment)
    waiting = [other for other in before if other != run]
    session.delete(place)
    session.flush()
    if waiting and waiting[0] != before[0]:
        phases.wake(session, waiting[0])
    scribe.append(session, [queued(waiting[n], environment, n, waiting[0]) for n in range(1, len(waiting))])


def queued(run: str, environment: str, position: int, holder: str) -> Fact:
    """Say where a run stands; said once per position, and positions only go down."""
    return Fact(
        kind=Kind.QUEUED,
        actor="estiva",
        run=run,
        key=f"queued/{environment}/{position}",
        data={"environment": environment, "position": position, "holder": holder},
    )


def places(session: Session, run: str) -> list[tuple[str, str]]:
    """Give (service, environment) of each place that a run has, sorted."""
    rows = session.exec(select(LockRow).where(LockRow.run == run))
    return sorted((row.service, row.environment) for row in rows)
