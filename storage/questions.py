"""Questions of actions under way: the run waits for their answers as a row, and the action looks again now and then.

An action asks (`Approvals.ask` with a `Question`), comes to rest, and its run is parked here. It is run again with the
same key when people have decided, when it is time to look whether somebody answered elsewhere, or to be cancelled.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage import phases
from storage.chain import Scribe, hold_run
from storage.database import Database
from storage.model.approval import Decision
from storage.tables import ApprovalRow


class Stay(StrEnum):
    """What becomes of a run whose action has asked."""

    PARKED = "parked"
    """It waits."""
    DECIDED = "decided"
    """People have decided meanwhile."""
    LOOK = "look"
    """It is time to look by itself."""


class Questions:
    """The open questions of actions."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep them in `database`."""
        self._database = database
        self._scribe = scribe

    async def stay(self, run: str, asked_by: str) -> Stay:
        """Park the run until the open question of an action is decided, unless it is, or it is time to look."""

        def work(session: Session) -> Stay:
            hold_run(session, run)
            row = session.exec(_open(run, asked_by).with_for_update()).first()
            if row is None:
                return Stay.DECIDED
            if row.look_at is not None and row.look_at <= self._scribe.now():
                return Stay.LOOK
            phases.park(session, run)
            return Stay.PARKED

        return await self._database.write(work)

    async def look_again(self, now: datetime) -> list[str]:
        """Make the runs ready whose action is to look by itself. Returns their ids."""
        due = select(ApprovalRow.run).where(ApprovalRow.decision == Decision.PENDING, col(ApprovalRow.look_at) <= now)
        runs = await self._database.read(lambda session: [*session.exec(due)])
        return [run for run in dict.fromkeys(runs) if await self._wake(run)]

    async def close(self, run: str, asked_by: str, but: str = "") -> None:
        """Withdraw what an action has asked and no longer asks; `but` names what it does ask."""

        def work(session: Session) -> None:
            hold_run(session, run)
            for row in session.exec(_open(run, asked_by).with_for_update()):
                if row.stage != but:
                    row.decision, row.decided_by = Decision.CANCELLED.value, "estiva"
                    row.decided_at = self._scribe.now()
                    session.add(row)
            session.flush()

        await self._database.write(work)

    async def _wake(self, run: str) -> bool:
        def work(session: Session) -> bool:
            hold_run(session, run)
            return phases.wake(session, run)

        return await self._database.write(work)


def _open(run: str, asked_by: str) -> SelectOfScalar[ApprovalRow]:
    return select(ApprovalRow).where(
        ApprovalRow.run == run, ApprovalRow.asked_by == asked_by, ApprovalRow.decision == Decision.PENDING
    )
