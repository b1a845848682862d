"""The queue for one environment of a service. Runs inside the caller's transaction."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import phases, statements
from storage.chain import Scribe
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.tables import FenceRow, LockRow


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
    return [place.run for place in _line(session, service, environment)]


def _line(session: Session, service: str, environment: str) -> list[LockRow]:
    statement = (
        select(LockRow)
        .where(LockRow.service == service, LockRow.environment == environment)
        .order_by(col(LockRow.token), col(LockRow.id))
    )
    return list(session.exec(statement))


def lines(session: Session) -> dict[tuple[str, str], list[str]]:
    """Give every line that somebody stands in."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in session.exec(select(LockRow).order_by(col(LockRow.token), col(LockRow.id))):
        found.setdefault((row.service, row.environment), []).append(row.run)
    return found


def join(session: Session, run: str, service: str, environment: str) -> list[LockRow]:
    """Take a place at the end, if the run has none yet, and give the line."""
    waiting = _line(session, service, environment)
    if run not in [place.run for place in waiting]:
        token = _next_token(session, service, environment)
        place = LockRow(service=service, environment=environment, run=run, token=token)
        session.add(place)
        session.flush()
        waiting.append(place)
    return waiting


def _next_token(session: Session, service: str, environment: str) -> int:
    """Count up: whoever holds the lock later has a higher token. The caller has locked the queue."""
    fence = session.get(FenceRow, (service, environment), populate_existing=True)
    fence = fence or FenceRow(service=service, environment=environment, last=0)
    fence.last += 1
    session.add(fence)
    return fence.last


def leave(session: Session, scribe: Scribe, run: str, environment: str) -> None:
    """Give up a place; when it was the holder's the next is made ready. Those behind are told where they stand."""
    place = session.exec(select(LockRow).where(LockRow.run == run, LockRow.environment == environment)).first()
    if place is None:
        return
    before = _line(session, place.service, environment)
    waiting = [other for other in before if other.run != run]
    session.delete(place)
    session.flush()
    if waiting and waiting[0].run != before[0].run:
        phases.wake(session, waiting[0].run)
    scribe.append(session, [queued(waiting[n], n, waiting[0].run) for n in range(1, len(waiting))])


def queued(place: LockRow, position: int, holder: str) -> Fact:
    """Say where a run stands; said once per position, and the positions of one place only go down."""
    return Fact(
        kind=Kind.QUEUED,
        actor="estiva",
        run=place.run,
        key=f"queued/{_mark(place)}/{position}",
        data={"environment": place.environment, "position": position, "holder": holder},
    )


def taken(place: LockRow) -> Fact:
    """Say that a run holds the lock."""
    data: dict[str, Json] = {"environment": place.environment, "token": place.token}
    return Fact(kind=Kind.LOCK_TAKEN, actor="estiva", run=place.run, key=f"lock/{_mark(place)}", data=data)


def _mark(place: LockRow) -> str:
    # a place that was taken before there were tokens goes on under its old name
    return f"{place.environment}/{place.token}" if place.token else place.environment


def places(session: Session, run: str) -> list[tuple[str, str]]:
    """Give (service, environment) of each place that a run has, sorted."""
    rows = session.connection().execute(statements.PLACES_OF_RUN, {"holder": run})
    return sorted((row.service, row.environment) for row in rows)
