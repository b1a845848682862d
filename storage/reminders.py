"""Reminding people of open questions, and asking more of them: rows with a time, each told exactly once."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.model.approval import Decision
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.tables import ApprovalRow


class Reminders:
    """What is due of the open approvals. Several sweeps may send at once: one of them does."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Look at the approvals in `database`."""
        self._database = database
        self._scribe = scribe

    async def send(self, now: datetime) -> list[str]:
        """Journal every reminder and escalation that is due; the readers tell people. Returns the approvals' ids."""
        # each half has an index of its own, which holds nothing but what waits for its time
        due = sa.union(_due(ApprovalRow.remind_at, now), _due(ApprovalRow.escalate_at, now))
        found = await self._database.read(lambda session: [(one, run) for one, run in session.execute(due)])
        # one transaction each, as approvals expire: a sweep holds no chain for long
        return [approval for approval, run in found if await self._send(approval, run, now)]

    async def _send(self, approval: str, run: str, now: datetime) -> bool:
        def work(session: Session) -> bool:
            hold_run(session, run)
            row = session.get(ApprovalRow, approval, populate_existing=True, with_for_update=True)
            if row is None or row.decision != Decision.PENDING or row.expires_at <= now:
                return False
            escalated, reminded = self._escalate(session, row, now), self._remind(session, row, now)
            session.add(row)
            session.flush()
            return escalated or reminded

        return await self._database.write(work)

    def _escalate(self, session: Session, row: ApprovalRow, now: datetime) -> bool:
        if row.escalate_at is None or row.escalate_at > now:
            return False
        row.escalate_at, row.escalated = None, True
        self._note(session, row, Kind.APPROVAL_ESCALATED, "escalated", to=[*row.escalate_to])
        return True

    def _remind(self, session: Session, row: ApprovalRow, now: datetime) -> bool:
        """Remind once, however many times were slept through; the next time after twice as long."""
        if row.remind_at is None or row.remind_every is None or row.remind_at > now:
            return False
        row.reminders += 1
        row.remind_at = now + timedelta(seconds=row.remind_every * 2**row.reminders)
        self._note(session, row, Kind.APPROVAL_REMINDED, f"reminded/{row.reminders}", number=row.reminders)
        return True

    def _note(self, session: Session, row: ApprovalRow, kind: Kind, what: str, **data: Json) -> None:
        fact = Fact(
            kind=kind, actor="estiva", run=row.run, key=f"{row.stage}/{what}", data={"approval": row.id, **data}
        )
        self._scribe.append(session, [fact])


def _due(time: datetime | None, now: datetime) -> sa.Select[str, str]:
    pending = col(ApprovalRow.decision) == Decision.PENDING
    return sa.select(col(ApprovalRow.id), col(ApprovalRow.run)).where(pending, col(time) <= now)
