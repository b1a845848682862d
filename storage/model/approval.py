"""A question to people, bound to exactly what will be released."""

import hashlib
import json
from dataclasses import dataclass
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


def subject_of(plan: Plan, artifacts: dict[str, str]) -> str:
    """Hash what an approval is about.

    That is: service, environment, commit, digest, configuration, stages.

    Anything that changes what would run changes the hash, and so voids the approval.
    """
    described = {
        "service": plan.service.name,
        "environment": plan.environment.name,
        "commit": artifacts.get(artifact.COMMIT, ""),
        "digest": artifacts.get(artifact.DIGEST, ""),
        "env": {name: dict(values) for name, values in plan.service.env.items()},
        "stages": [[stage.name, *(f"{a.name}:{a.uses}" for a in stage.actions)] for stage in plan.stages],
    }
    canonical = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
