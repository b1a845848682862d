"""Questions to people: asked once, settled once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import phases
from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.model.approval import Approval, Decision, Question
from storage.model.catalog import ApprovalRule
from storage.model.event import Fact, Kind
from storage.model.worded import data_of
from storage.tables import ApprovalRow, RunRow


class Why(StrEnum):
    """Why a decision did not count."""

    NOTHING = ""
    """It counted."""
    UNKNOWN = "unknown"
    """There is no such approval."""
    SETTLED = "settled"
    """It was decided before (`approval.decision` says how)."""
    EXPIRED = "expired"
    """Its time is over."""
    CHANGED = "changed"
    """What would be released is not what was asked about."""
    REPEATED = "repeated"
    """The same person has already approved."""
    OWN = "own"
    """The requester cannot approve their own release."""
    NOT_GIVEN = "not_given"
    """There is no yes of this person to take back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of somebody's decision."""

    ok: bool
    """It counted. The approval may still be pending, when more people are needed."""
    approval: Approval | None
    """As it is now; `None` when there is no such approval."""
    why: Why = Why.NOTHING


class Approvals:
    """The approvals, and who decided them. A decision is a compare-and-set under the lock of the run's chain."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep approvals in `database`."""
        self._database = database
        self._scribe = scribe

    async def ask(
        self,
        run: str,
        stage: str,
        environment: str,
        subject: str,
        needed: int,
        expires_at: datetime,
        rule: ApprovalRule | None = None,
        question: Question | None = None,
    ) -> Approval:
        """Ask, and park the run, in one transaction. Asking again gives the approval as it is now.

        `rule` says when people are reminded, and for how long an earlier approval of exactly the same counts.
        With a `question` an action asks, and the run goes on walking: see `storage.questions`.
        """

        def work(session: Session) -> Approval:
            hold_run(session, run)
            row = _locked(session, f"{run}/{stage}")
            if row is None:
                row = self._new(session, run, stage, environment, subject, needed, expires_at)
                self._note(
                    session, row, Kind.APPROVAL_REQUESTED, "estiva", "asked", **_question(row), **_told(question)
                )
                self._apply(session, row, rule or ApprovalRule())
            if question is not None:
                row.asked_by, row.look_at = question.asked_by, question.look_at
                session.add(row)
            elif row.decision == Decision.PENDING:
                phases.park(session, run)
            return _approval(row)

        return await self._database.write(work)

    def _new(
        self, session: Session, run: str, stage: str, environment: str, subject: str, needed: int, expires_at: datetime
    ) -> ApprovalRow:
        row = ApprovalRow(
            id=f"{run}/{stage}",
            run=run,
            stage=stage,
            environment=environment,
            subject=subject,
            requester=session.exec(select(RunRow.requester).where(RunRow.id == run)).one(),
            needed=needed,
            given_by=[],
            decision=Decision.PENDING.value,
            asked_at=self._scribe.now(),
            expires_at=expires_at,
        )
        session.add(row)
        session.flush()
        return row

    def _apply(self, session: Session, row: ApprovalRow, rule: ApprovalRule) -> None:
        row.remind_every = rule.remind
        row.remind_at = _later(row.asked_at, rule.remind)
        row.escalate_at, row.escalate_to = _later(row.asked_at, rule.escalate_after), [*rule.escalate_to]
        earlier = _reusable(session, row, row.asked_at - timedelta(seconds=rule.reuse)) if rule.reuse else None
        if earlier is not None:
            row.given_by, row.reused = earlier.given_by, earlier.id
            row.decision, row.decided_by, row.decided_at = earlier.decision, earlier.decided_by, row.asked_at
            self._note(session, row, Kind.APPROVED, "estiva", "decided", by=row.given_by, reused=earlier.id)
        session.add(row)
        session.flush()

    async def get(self, approval_id: str) -> Approval | None:
        """Return an approval by its id (`hello-12/approve-production`)."""
        found = await self._list(ApprovalRow.id == approval_id)
        return found[0] if found else None

    async def pending(self) -> list[Approval]:
        """Return all undecided approvals, oldest first."""
        return await self._list(ApprovalRow.decision == Decision.PENDING)

    async def pending_of(self, run: str) -> Approval | None:
        """Return the undecided approval of a run."""
        found = await self._list(ApprovalRow.decision == Decision.PENDING, ApprovalRow.run == run)
        return found[0] if found else None

    async def approve(self, approval_id: str, by: str, subject: str, alike: Collection[str] = ()) -> Settled:
        """Count one person's yes; when it is enough the run is made ready. `alike` are all accounts of that person."""

        def work(session: Session) -> Settled:
            row, why = self._open(session, approval_id)
            if row is None or (why := why or _objection(row, {by, *alike}, subject)):
                return _settled(row, why)
            row.given_by, row.changes = [*row.given_by, by], row.changes + 1
            self._note(session, row, Kind.APPROVAL_GIVEN, by, f"given/{row.changes}", by=by)
            if len(row.given_by) >= row.needed:
                self._decide(session, row, Decision.APPROVED, by)
                self._note(session, row, Kind.APPROVED, by, "decided", by=row.given_by)
            session.add(row)
            session.flush()
            return _settled(row)

        return await self._database.write(work)

    async def withdraw(self, approval_id: str, by: str, alike: Collection[str] = ()) -> Settled:
        """Take a yes back, while it was not enough."""

        def work(session: Session) -> Settled:
            row, why = self._open(session, approval_id)
            if row is None or why:
                return _settled(row, why)
            left = [user for user in row.given_by if user not in {by, *alike}]
            if left == row.given_by:
                return _settled(row, Why.NOT_GIVEN)
            row.given_by, row.changes = left, row.changes + 1
            self._note(session, row, Kind.APPROVAL_WITHDRAWN, by, f"withdrawn/{row.changes}", by=by)
            session.add(row)
            session.flush()
            return _settled(row)

        return await self._database.write(work)

    async def break_glass(self, approval_id: str, by: str, reason: str) -> Settled:
        """Settle with a yes that asks nobody else; the run is made ready. Whoever calls has checked the right to."""

        def work(session: Session) -> Settled:
            row, why = self._open(session, approval_id)
            if row is None or why:
                return _settled(row, why)
            row.emergency = True
            self._note(session, row, Kind.GLASS_BROKEN, by, "glass", by=by, reason=reason)
            self._decide(session, row, Decision.APPROVED, by, self._scribe.cleaner.text(reason))
            self._note(session, row, Kind.APPROVED, by, "decided", by=row.given_by)
            return _settled(row)

        return await self._database.write(work)

    async def reject(self, approval_id: str, by: str, reason: str = "") -> Settled:
        """Settle with a no; the run is made ready, to end."""

        def work(session: Session) -> Settled:
            row, why = self._open(session, approval_id)
            if row is None or why:
                return _settled(row, why)
            self._decide(session, row, Decision.REJECTED, by, self._scribe.cleaner.text(reason))
            self._note(session, row, Kind.REJECTED, by, "decided", by=by, reason=reason)
            return _settled(row)

        return await self._database.write(work)

    async def deny(self, approval_id: str, by: str, reason: str) -> None:
        """Journal a click by somebody who is not entitled; nothing else changes."""

        def work(session: Session) -> None:
            row = session.get(ApprovalRow, approval_id)
            data = {"approval": approval_id, "by": by, "reason": reason}
            run = None if row is None else row.run
            self._scribe.append(session, [Fact(kind=Kind.APPROVAL_DENIED, actor=by, run=run, data=data)])

        await self._database.write(work)

    async def expire(self, now: datetime) -> list[str]:
        """Settle what nobody answered in time and make the runs ready, to end. Returns the approvals' ids."""
        late = await self._list(ApprovalRow.decision == Decision.PENDING, ApprovalRow.expires_at <= now)
        # one transaction each: a sweep holds no chain for longer than it takes to settle one approval
        return [approval.id for approval in late if await self._expire(approval.id)]

    async def _expire(self, approval_id: str) -> bool:
        def work(session: Session) -> bool:
            row, why = self._open(session, approval_id)
            if row is None or why is Why.SETTLED:
                return False
            self._decide(session, row, Decision.EXPIRED, "estiva")
            self._note(session, row, Kind.APPROVAL_EXPIRED, "estiva", "decided")
            return True

        return await self._database.write(work)

    def _open(self, session: Session, approval_id: str) -> tuple[ApprovalRow | None, Why]:
        """Lock an approval, and say why it can no longer be decided, if so."""
        run = session.exec(select(ApprovalRow.run).where(ApprovalRow.id == approval_id)).one_or_none()
        if run is None:
            return None, Why.UNKNOWN
        hold_run(session, run)
        row = _locked(session, approval_id)
        if row is None:
            return None, Why.UNKNOWN
        if row.decision != Decision.PENDING:
            return row, Why.SETTLED
        return row, Why.EXPIRED if row.expires_at <= self._scribe.now() else Why.NOTHING

    def _decide(self, session: Session, row: ApprovalRow, decision: Decision, by: str, reason: str = "") -> None:
        row.decision, row.decided_by, row.reason = decision.value, by, reason or None
        row.decided_at = self._scribe.now()
        session.add(row)
        session.flush()
        phases.wake(session, row.run)

    def _note(self, session: Session, row: ApprovalRow, kind: Kind, actor: str, what: str, **data: Any) -> None:
        key = f"{row.stage}/{what}"
        fact = Fact(kind=kind, actor=actor, run=row.run, key=key, data={"approval": row.id, **data})
        self._scribe.append(session, [fact])

    async def _list(self, *conditions: Any) -> list[Approval]:
        statement = select(ApprovalRow).where(*conditions).order_by(col(ApprovalRow.asked_at), col(ApprovalRow.id))
        return await self._database.read(lambda session: [_approval(row) for row in session.exec(statement)])


def _objection(row: ApprovalRow, person: set[str], subject: str) -> Why:
    if subject != row.subject:
        return Why.CHANGED
    if row.requester in person:
        return Why.OWN
    return Why.REPEATED if person & set(row.given_by) else Why.NOTHING


def _later(start: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)


def _reusable(session: Session, row: ApprovalRow, since: datetime) -> ApprovalRow | None:
    """Find the approval of exactly the same for the same requester, unless somebody has said no since.

    For the same requester only: of those who gave it, it is known that none of them is the requester.
    """
    yes = sa.and_(col(ApprovalRow.decision) == Decision.APPROVED, col(ApprovalRow.requester) == row.requester)
    statement = (
        select(ApprovalRow)
        .where(
            ApprovalRow.subject == row.subject,
            ApprovalRow.environment == row.environment,
            sa.or_(yes, col(ApprovalRow.decision) == Decision.REJECTED),
            col(ApprovalRow.reused).is_(None),
            col(ApprovalRow.emergency).is_(False),
            col(ApprovalRow.asked_by).is_(None),
        )
        .order_by(col(ApprovalRow.decided_at).desc(), col(ApprovalRow.id).desc())
        .limit(1)
    )
    found = session.exec(statement).first()
    if found is None or found.decision != Decision.APPROVED or found.decided_at is None or found.decided_at < since:
        return None
    return found if len(found.given_by) >= row.needed else None


def _locked(session: Session, approval_id: str) -> ApprovalRow | None:
    return session.get(ApprovalRow, approval_id, populate_existing=True, with_for_update=True)


def _question(row: ApprovalRow) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "environment": row.environment,
        "subject": row.subject,
        "expires_at": row.expires_at.isoformat(),
        "needed": row.needed,
    }


def _told(question: Question | None) -> dict[str, Any]:
    return {} if question is None else {"asked_by": question.asked_by, **data_of(question=question.text)}


def _settled(row: ApprovalRow | None, why: Why = Why.NOTHING) -> Settled:
    return Settled(ok=why is Why.NOTHING, approval=None if row is None else _approval(row), why=why)


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        run=row.run,
        stage=row.stage,
        environment=row.environment,
        subject=row.subject,
        requester=row.requester,
        needed=row.needed,
        given_by=tuple(row.given_by),
        decision=Decision(row.decision),
        decided_by=row.decided_by,
        reason=row.reason,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        emergency=row.emergency,
        reused=row.reused,
        escalated=row.escalated,
        asked_by=row.asked_by,
    )
