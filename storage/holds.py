"""Locks and freezes of people: one row each, taken once, ended once, by comparing which one it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import phases
from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.gate import GateKind
from storage.model.hold import Hindrance, Hold, HoldKind
from storage.model.run import Run, Trigger
from storage.tables import HeldRow, HoldRow, RunRow

_AT_ONCE = 500
_WAITING = sa.select(HeldRow.run, HeldRow.stage, HeldRow.service, HeldRow.environment)  # type: ignore[call-overload]
_Asked = tuple[str, Trigger]
"""Who asked for a run, and for what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a try to take a lock or a freeze."""

    ok: bool
    hold: Hold
    """The new one, or the one that is in the way."""
    before: Hold | None = None
    """The one that it was taken over from."""


class Holds:
    """The holds in force, and the runs that wait for their end."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep holds in `database`."""
        self._database = database
        self._scribe = scribe
        self._asked: dict[str, _Asked] = {}

    async def take(
        self,
        kind: HoldKind,
        service: str | None,
        environment: str | None,
        owner: str,
        reason: str = "",
        expires_at: datetime | None = None,
        instead_of: int | None = None,
    ) -> Taken:
        """Take one, unless one of the kind is in force for the very same place. Taking one's own again renews it.

        `instead_of` takes it over, when that very one still stands: what changed meanwhile is not lost unseen.
        """

        def work(session: Session) -> Taken:
            _one_at_a_time(session)
            row = _standing(session, kind, service, environment)
            if row is not None and row.owner != owner and row.id != instead_of:
                return Taken(ok=False, hold=_hold(row))
            before = None if row is None else _hold(row)
            if row is not None:
                self._end(row, owner)
                session.add(row)
                session.flush()
            new = HoldRow(
                kind=kind.value,
                service=service,
                environment=environment,
                owner=owner,
                reason=self._scribe.cleaner.text(reason),
                taken_at=self._scribe.now(),
                expires_at=expires_at,
            )
            session.add(new)
            session.flush()
            stolen = before is not None and before.owner != owner
            self._note(session, Kind.HOLD_STOLEN if stolen else Kind.HOLD_TAKEN, owner, _hold(new))
            return Taken(ok=True, hold=_hold(new), before=before)

        return await self._database.write(work)

    async def release(self, hold: int, by: str) -> bool:
        """End one, if that very one still stands."""

        def work(session: Session) -> bool:
            _one_at_a_time(session)
            row = session.get(HoldRow, hold, populate_existing=True)
            if row is None or row.ended_at is not None:
                return False
            self._end(row, by)
            session.add(row)
            session.flush()
            self._note(session, Kind.HOLD_RELEASED, by, _hold(row))
            return True

        return await self._database.write(work)

    async def expire(self, now: datetime) -> list[Hold]:
        """End those whose time is over."""
        late = [hold for hold in await self.active() if hold.over(now)]
        return [hold for hold in late if await self.release(hold.id, "estiva")]

    async def active(self) -> list[Hold]:
        """Return all that are in force, oldest first."""
        return await self._database.read(_active)

    async def hindering(
        self, service: str, environment: str, requester: str, trigger: Trigger, now: datetime
    ) -> Hindrance | None:
        """Say what keeps somebody's run out of a place now; `None` when nothing does."""
        found = (hold for hold in await self.active() if _hinders(hold, service, environment, requester, trigger, now))
        return next((_hindrance(hold) for hold in found), None)

    async def wait(self, run: Run, stage: str, environment: str, hindrance: Hindrance) -> None:
        """Park a run until nothing keeps it out any more; the reason is journaled once."""

        def work(session: Session) -> None:
            hold_run(session, run.id)
            session.merge(HeldRow(run=run.id, stage=stage, service=run.plan.service.name, environment=environment))
            session.flush()
            until = hindrance.until.isoformat() if hindrance.until else ""
            self._gate(session, run.id, stage, Kind.GATE_WAITING, f"{hindrance.hold or until}", _why(hindrance))
            phases.park(session, run.id)

        await self._database.write(work)

    async def waiting(self) -> list[tuple[str, str, str]]:
        """Return (run, stage, environment) of each run that waits."""
        statement = select(HeldRow.run, HeldRow.stage, HeldRow.environment)
        return await self._database.read(lambda session: [(*row,) for row in session.exec(statement)])

    async def free(self, now: datetime) -> list[tuple[str, str, str]]:
        """Return (run, stage, environment) of each run that waits and that no hold keeps out any more.

        Thousands may wait, and this is asked each second. Who asked for a run never changes: it is read once.
        """

        def work(session: Session) -> list[tuple[str, str, str]]:
            waiting, holds = session.execute(_WAITING).all(), _active(session)
            asked = self._asked = _who_asked(session, [run for run, *_ in waiting], self._asked)
            kinds = {run: (service, environment, *asked[run]) for run, _, service, environment in waiting}
            free = {kind for kind in set(kinds.values()) if not any(_hinders(hold, *kind, now) for hold in holds)}
            return [(run, stage, environment) for run, stage, _, environment in waiting if kinds[run] in free]

        return await self._database.read(work)

    async def let_go(self, run: str, stage: str) -> None:
        """Make a run that waits ready; harmless when it does not wait."""

        def work(session: Session) -> None:
            hold_run(session, run)
            row = session.get(HeldRow, run, populate_existing=True)
            if row is None:
                return
            session.delete(row)
            session.flush()
            if session.exec(select(RunRow.phase).where(RunRow.id == run)).one() == phases.Phase.CLOSED:
                return
            self._gate(session, run, stage, Kind.GATE_OPENED, self._scribe.now().isoformat(), {"by": "estiva"})
            phases.wake(session, run)

        await self._database.write(work)

    def _end(self, row: HoldRow, by: str) -> None:
        row.ended_at, row.ended_by = self._scribe.now(), by

    def _gate(self, session: Session, run: str, stage: str, kind: Kind, key: str, data: dict[str, Json]) -> None:
        told = {"stage": stage, "gate": GateKind.LOCK.value, **data}
        fact = Fact(kind=kind, actor="estiva", run=run, key=f"{stage}/lock/{kind}/{key}", data=told)
        self._scribe.append(session, [fact])

    def _note(self, session: Session, kind: Kind, actor: str, hold: Hold) -> None:
        self._scribe.append(session, [_told(kind, actor, hold)])


def after_rollback(session: Session, scribe: Scribe, *, service: str, environment: str, owner: str, run: str) -> None:
    """Lock a place that was rolled back, unless it is locked. Runs in the transaction that records the release."""
    _one_at_a_time(session)
    if _standing(session, HoldKind.LOCK, service, environment) is not None:
        return
    row = HoldRow(
        kind=HoldKind.LOCK.value,
        service=service,
        environment=environment,
        owner=owner,
        taken_at=scribe.now(),
        rollback=run,
    )
    session.add(row)
    session.flush()
    scribe.append(session, [_told(Kind.HOLD_TAKEN, "estiva", _hold(row))])


def _one_at_a_time(session: Session) -> None:
    """Let nobody else take or end a hold until the transaction ends; there are few."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended("holds", 0))))


def _standing(session: Session, kind: HoldKind, service: str | None, environment: str | None) -> HoldRow | None:
    statement = select(HoldRow).where(
        HoldRow.kind == kind.value,
        HoldRow.service == service if service is not None else col(HoldRow.service).is_(None),
        HoldRow.environment == environment if environment is not None else col(HoldRow.environment).is_(None),
        col(HoldRow.ended_at).is_(None),
    )
    return session.exec(statement.execution_options(populate_existing=True)).first()


def _told(kind: Kind, actor: str, hold: Hold) -> Fact:
    data: dict[str, Json] = {
        "hold": hold.id,
        "what": hold.kind.value,
        "service": hold.service,
        "environment": hold.environment,
        "owner": hold.owner,
        "reason": hold.reason,
        "expires_at": hold.expires_at.isoformat() if hold.expires_at else None,
        "rollback": hold.rollback,
    }
    return Fact(kind=kind, actor=actor, data=data)


def _active(session: Session) -> list[Hold]:
    statement = select(HoldRow).where(col(HoldRow.ended_at).is_(None)).order_by(col(HoldRow.id))
    return [_hold(row) for row in session.exec(statement)]


def _hinders(hold: Hold, service: str, environment: str, requester: str, trigger: Trigger, now: datetime) -> bool:
    own = hold.kind is HoldKind.LOCK and hold.owner == requester and hold.rollback is None
    further_back = hold.rollback is not None and trigger is Trigger.ROLLBACK
    return hold.covers(service, environment) and not (own or further_back or hold.over(now))


def _who_asked(session: Session, runs: Sequence[str], known: Mapping[str, _Asked]) -> dict[str, _Asked]:
    """Tell of each run who asked for it; only of those that are not known the rows are read, which are wide."""
    asked = {run: known[run] for run in runs if run in known}
    new = [run for run in runs if run not in known]
    for some in (new[at : at + _AT_ONCE] for at in range(0, len(new), _AT_ONCE)):
        statement = sa.select(RunRow.id, RunRow.requester, RunRow.trigger).where(col(RunRow.id).in_(some))  # type: ignore[call-overload]
        asked |= {run: (requester, Trigger(trigger)) for run, requester, trigger in session.execute(statement)}
    return asked


def _why(hindrance: Hindrance) -> dict[str, Json]:
    until = {"opens_at": hindrance.until.isoformat()} if hindrance.until else {}
    return {"held_by": hindrance.by, "reason": hindrance.reason, **until}


def _hindrance(hold: Hold) -> Hindrance:
    return Hindrance(
        by=hold.owner,
        reason=hold.reason,
        until=hold.expires_at,
        kind=hold.kind,
        hold=hold.id,
        rollback=hold.rollback,
    )


def _hold(row: Any) -> Hold:
    return Hold(
        id=row.id,
        kind=HoldKind(row.kind),
        service=row.service,
        environment=row.environment,
        owner=row.owner,
        reason=row.reason,
        taken_at=row.taken_at,
        expires_at=row.expires_at,
        rollback=row.rollback,
    )
