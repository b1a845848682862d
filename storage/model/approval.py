"""A question to people, bound to exactly what will be released."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from storage.model import artifact
from storage.model.run import Plan


class Decision(StrEnum):
    """State of an approval; everything but `PENDING` is final."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One question to people: whether this run may release this digest to this environment."""

    id: str
    """`hello-12/approve-production`: run and stage."""
    run: str
    stage: str
    environment: str
    subject: str
    """Hash of what is approved, see `subject_of`."""
    requester: str
    needed: int
    given_by: tuple[str, ...]
    decision: Decision
    decided_by: str | None
    reason: str | None
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    emergency: bool = False
    """Somebody broke the glass: nobody else had to agree, and `reason` says why."""
    reused: str | None = None
    """The earlier approval of exactly the same that counted again."""
    escalated: bool = False
    """Those to whom it escalates were asked too."""


_OF_THE_RUN = ("trigger", "ref", "origin", "artifacts")
"""What a plan says about how it came to be: the same work may be asked for in many ways."""


def subject_of(plan: Plan, artifacts: dict[str, str]) -> str:
    """Hash what an approval is about: the whole plan, and the commit and the image that it would release.

    Anything that changes what would run (a stage, an option, a variable, a target) changes the hash, and so voids the
    approval. What a plan gets to hold later is covered without a word here.
    """
    described = {name: value for name, value in asdict(plan).items() if name not in _OF_THE_RUN}
    described |= {name: artifacts.get(name, "") for name in (artifact.COMMIT, artifact.DIGEST, artifact.IMAGE)}
    canonical = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
