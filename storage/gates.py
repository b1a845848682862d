"""Gates at which runs wait before a stage: a row each, opened once, by whoever comes first."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import phases
from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.gate import Gate, GateKind
from storage.tables import GateRow


class Gates:
    """The gates. Opening one is a compare-and-set under the lock of the run's chain, and makes the next leg ready."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep gates in `database`."""
        self._database = database
        self._scribe = scribe

    async def wait(self, run: str, stage: str, kind: GateKind, opens_at: datetime | None = None) -> Gate:
        """Close a gate and park the run, in one transaction.

        A gate that somebody has opened stays open, and the run is not parked. One that the clock opens is closed
        again when `opens_at` has moved: whoever calls has just looked at the clock.
        """

        def work(session: Session) -> Gate:
            hold_run(session, run)
            row = session.get(GateRow, (run, stage, kind.value), populate_existing=True, with_for_update=True)
            if row is None:
                row = GateRow(run=run, stage=stage, kind=kind.value, asked_at=self._scribe.now(), opens_at=opens_at)
                self._close(session, row)
            elif opens_at is not None and row.opens_at != opens_at:
                row.opens_at, row.settled_at, row.settled_by = opens_at, None, None
                self._close(session, row)
            if row.settled_at is None:
                phases.park(session, run)
            return _gate(row)

        return await self._database.write(work)

    async def passed(self, run: str, stage: str, kind: GateKind, opens_at: datetime | None = None) -> bool:
        """Tell whether a gate was closed and is open by now; of one that the clock opens: this very opening."""

        def work(session: Session) -> bool:
            row = session.get(GateRow, (run, stage, kind.value))
            return row is not None and row.settled_at is not None and row.opens_at == opens_at

        return await self._database.read(work)

    def _close(self, session: Session, row: GateRow) -> None:
        session.add(row)
        session.flush()
        when = {} if row.opens_at is None else {"opens_at": row.opens_at.isoformat()}
        self._note(session, row, Kind.GATE_WAITING, "estiva", "waiting", **when)

    async def open(self, run: str, stage: str, kind: GateKind, by: str = "estiva") -> bool:
        """Open a gate and make the run ready. False when it is open already, or was never closed."""

        def work(session: Session) -> bool:
            hold_run(session, run)
            settled = (
                sa.update(GateRow)
                .where(
                    col(GateRow.run) == run,
                    col(GateRow.stage) == stage,
                    col(GateRow.kind) == kind.value,
                    col(GateRow.settled_at).is_(None),
                )
                .values(settled_at=self._scribe.now(), settled_by=by)
                .returning(col(GateRow.run))
            )
            if session.execute(settled).first() is None:
                return False
            row = session.get(GateRow, (run, stage, kind.value), populate_existing=True)
            if row is None:
                raise AssertionError("a gate that was just opened is there")
            if kind is GateKind.HOLD:
                self._held(session, row, Kind.RESUMED, by)
            else:
                self._note(session, row, Kind.GATE_OPENED, by, "opened", by=by)
            phases.wake(session, run)
            return True

        return await self._database.write(work)

    async def pause(self, run: str, by: str) -> int | None:
        """Hold a run before whatever it would start next. Returns the number of the pause; `None`: paused, or over."""

        def work(session: Session) -> int | None:
            hold_run(session, run)
            held = session.exec(
                select(GateRow).where(col(GateRow.run) == run, col(GateRow.kind) == GateKind.HOLD.value)
            ).all()
            if not phases.going_on(session, run) or any(row.settled_at is None for row in held):
                return None
            number = len(held) + 1
            row = GateRow(run=run, stage=str(number), kind=GateKind.HOLD.value, asked_at=self._scribe.now())
            session.add(row)
            session.flush()
            self._held(session, row, Kind.PAUSED, by)
            return number

        return await self._database.write(work)

    async def stay(self, run: str) -> bool:
        """Park a run that is held. False when it is not, or not any more."""

        def work(session: Session) -> bool:
            hold_run(session, run)
            held = select(GateRow.run).where(
                col(GateRow.run) == run, col(GateRow.kind) == GateKind.HOLD.value, col(GateRow.settled_at).is_(None)
            )
            if session.exec(held).first() is None:
                return False
            phases.park(session, run)
            return True

        return await self._database.write(work)

    async def due(self, now: datetime, limit: int = 500) -> list[Gate]:
        """Return what the clock opens by now: one look through an index, however many wait."""
        return await self._list(col(GateRow.opens_at).is_not(None), col(GateRow.opens_at) <= now, limit=limit)

    async def closed(self, run: str) -> list[Gate]:
        """Return the gates at which a run waits."""
        return await self._list(col(GateRow.run) == run)

    async def _list(self, *conditions: Any, limit: int | None = None) -> list[Gate]:
        statement = (
            select(GateRow)
            .where(col(GateRow.settled_at).is_(None), *conditions)
            .order_by(col(GateRow.opens_at))
            .limit(limit)
        )
        return await self._database.read(lambda session: [_gate(row) for row in session.exec(statement)])

    def _note(self, session: Session, row: GateRow, kind: Kind, actor: str, what: str, **data: str) -> None:
        # a window may close again: each of its openings is a fact of its own
        at = "" if row.opens_at is None else f"/{row.opens_at.isoformat()}"
        fact = Fact(
            kind=kind,
            actor=actor,
            run=row.run,
            key=f"{row.stage}/{row.kind}{at}/{what}",
            data={"stage": row.stage, "gate": row.kind, **data},
        )
        self._scribe.append(session, [fact])

    def _held(self, session: Session, row: GateRow, kind: Kind, by: str) -> None:
        data: dict[str, Json] = {"by": by, "number": int(row.stage)}
        key = f"{row.kind}/{row.stage}/{kind.value}"
        self._scribe.append(session, [Fact(kind=kind, actor=by, run=row.run, key=key, data=data)])


def _gate(row: GateRow) -> Gate:
    return Gate(
        run=row.run,
        stage=row.stage,
        kind=GateKind(row.kind),
        asked_at=row.asked_at,
        opens_at=row.opens_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
    )
