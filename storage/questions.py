"""Questions of actions under way: the run waits for their answers as a row, and the action looks again now and then.

An action asks (`Approvals.ask` with a `Question`), comes to rest, and its run is parked here. It is run again with the
same key when people have decided, when it is time to look whether somebody answered elsewhere, or to be cancelled.
"""

from collections.abc import Sequence
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

    async def stay(self, run: str, askers: Sequence[str]) -> tuple[Stay, str]:
        """Park the run until an open question of these actions is decided, unless one is, or it is time to look.

        Gives which action that is about.
        """

        def work(session: Session) -> tuple[Stay, str]:
            hold_run(session, run)
            now, open_ = self._scribe.now(), _open_of(session, run)
            for asker in askers:
                if asker not in open_:
                    return Stay.DECIDED, asker
                look_at = open_[asker]
                if look_at is not None and look_at <= now:
                    return Stay.LOOK, asker
            phases.park(session, run)
            return Stay.PARKED, askers[0]

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


def _open_of(session: Session, run: str) -> dict[str, datetime | None]:
    """Give when to look again at each open question of a run, by who asks."""
    rows = select(ApprovalRow).where(
        ApprovalRow.run == run, col(ApprovalRow.asked_by).is_not(None), ApprovalRow.decision == Decision.PENDING
    )
    return {str(row.asked_by): row.look_at for row in session.exec(rows.with_for_update())}


def _open(run: str, asked_by: str) -> SelectOfScalar[ApprovalRow]:
    return select(ApprovalRow).where(
        ApprovalRow.run == run, ApprovalRow.asked_by == asked_by, ApprovalRow.decision == Decision.PENDING
    )
