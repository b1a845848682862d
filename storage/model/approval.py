"""A question to people, bound to exactly what will be released."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

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
    asked_by: str | None = None
    """The action that asks, when it is one under way: see `Question`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an action under way asks people: it goes on, or goes back, as they say."""

    asked_by: str
    """`deploy-production/deploy`: stage and action."""
    text: str
    look_at: datetime | None = None
    """When the action is to look again by itself: somebody may have answered elsewhere."""


_OF_THE_RUN = ("trigger", "ref", "origin", "artifacts")
"""What a plan says about how it came to be: the same work may be asked for in many ways."""


def subject_of(plan: Plan, artifacts: dict[str, str]) -> str:
    """Hash what an approval is about: the whole plan, the commit and image to release, and the changes planned.

    Anything that changes what would run (a stage, an option, a variable, a target) changes the hash, and so voids the
    approval. What a plan gets to hold later is covered without a word here; as long as it holds the default it changes
    no hash, so that an upgrade voids no approval that is asked for.
    """
    described = {name: value for name, value in _said(plan).items() if name not in _OF_THE_RUN}
    planned = {name: value for name, value in artifacts.items() if artifact.is_changes(name)}
    made = {name: artifacts.get(name, "") for name in (artifact.COMMIT, artifact.DIGEST, artifact.IMAGE)}
    return _hash(described | made | planned)


def is_about(subject: str, plan: Plan, artifacts: dict[str, str]) -> bool:
    """Tell whether an approval is about exactly this; also one that was asked for by an earlier version."""
    return subject in (subject_of(plan, artifacts), _first_subject_of(plan, artifacts))


def _first_subject_of(plan: Plan, artifacts: dict[str, str]) -> str:
    """Hash as the first version did. Never to be changed: approvals asked for by it may still wait."""
    return _hash(
        {
            "service": plan.service.name,
            "environment": plan.environment.name,
            "commit": artifacts.get(artifact.COMMIT, ""),
            "digest": artifacts.get(artifact.DIGEST, ""),
            "env": {name: dict(values) for name, values in plan.service.env.items()},
            "stages": [[stage.name, *(f"{a.name}:{a.uses}" for a in stage.actions)] for stage in plan.stages],
        }
    )


def _said(value: Any) -> Any:
    """Give the plain data of a noun without what it leaves at its default."""
    if is_dataclass(value):
        return {f.name: _said(getattr(value, f.name)) for f in fields(value) if not _left(f, getattr(value, f.name))}
    if isinstance(value, Mapping):
        return {name: _said(each) for name, each in value.items()}
    return [_said(each) for each in value] if isinstance(value, list | tuple) else value


def _left(field: Field[Any], value: Any) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return bool(value == default)


def _hash(described: Mapping[str, Any]) -> str:
    canonical = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
