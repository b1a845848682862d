"""Questions to people: asked once, settled once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.model.approval import Approval


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of somebody's decision."""

    ok: bool
    """It counted. The approval may still be pending, when more people are needed."""
    approval: Approval | None
    """As it is now; `None` when there is no such approval."""
    why: Why = Why.NOTHING


class Approvals:
    """The approvals, and who decided them."""

    async def ask(
        self, run: str, stage: str, environment: str, subject: str, needed: int, expires_at: datetime
    ) -> Approval:
        """Ask, and park the run, in one transaction. Asking again gives the approval as it is now."""
        raise NotImplementedError

    async def get(self, approval_id: str) -> Approval | None:
        """Return an approval by its id (`hello-12/approve-production`)."""
        raise NotImplementedError

    async def pending(self) -> list[Approval]:
        """Return all undecided approvals, oldest first."""
        raise NotImplementedError

    async def pending_of(self, run: str) -> Approval | None:
        """Return the undecided approval of a run."""
        raise NotImplementedError

    async def approve(self, approval_id: str, by: str, subject: str) -> Settled:
        """Count one person's yes; when it is enough the run is made ready."""
        raise NotImplementedError

    async def reject(self, approval_id: str, by: str, reason: str = "") -> Settled:
        """Settle with a no; the run is made ready, to end."""
        raise NotImplementedError

    async def deny(self, approval_id: str, by: str, reason: str) -> None:
        """Journal a click by somebody who is not entitled; nothing else changes."""
        raise NotImplementedError

    async def expire(self, now: datetime) -> list[str]:
        """Settle what nobody answered in time and make the runs ready, to end. Returns the approvals' ids."""
        raise NotImplementedError
