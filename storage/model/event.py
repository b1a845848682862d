"""One fact, past tense, in the append-only journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.model.catalog import Json


class Kind(StrEnum):
    """What happened. Keys of `data` stand beside each kind; `?` marks keys that may be absent."""

    # of a request (run is None)
    COMMAND_REFUSED = "command_refused"  # text, reason, hint?
    IMAGE_RETIRED = "image_retired"  # service, image, where: engine | registry, why
    LOGS_DELETED = "logs_deleted"  # service, runs: [ids], bytes, older_than: seconds
    CATALOG_CHANGED = "catalog_changed"  # digest, path
    PREFERENCE_CHANGED = "preference_changed"  # who: user or channel, language, mentions, before: {language, mentions}
    # of a lock or a freeze (run is None): hold, what: lock | freeze, service?, environment?, owner, reason, expires_at?
    HOLD_TAKEN = "hold_taken"  # rollback?: the run after which it was taken
    HOLD_STOLEN = "hold_stolen"  # the same; it was somebody else's
    HOLD_RELEASED = "hold_released"  # the same; by its actor, `estiva` when its time was over
    # of a run
    RUN_REQUESTED = (
        "run_requested"  # service, environment, trigger, ref, request, text, stages: [{name, actions: []}], given?: {}
    )
    QUEUED = "queued"  # environment, position, holder
    LOCK_TAKEN = "lock_taken"  # environment, token?
    STAGE_STARTED = "stage_started"  # stage
    ACTION_STARTED = "action_started"  # stage, action, attempt
    ACTION_PROGRESSED = "action_progressed"  # stage, action, attempt, progress
    ACTION_SUCCEEDED = (
        "action_succeeded"  # stage, action, attempt, artifacts: {}, variables?: {}, summary?, details?: []
    )
    ACTION_FAILED = (
        "action_failed"  # stage, action, attempt, reason, error?, exit_code?, hint?, excerpt: [], final: bool
    )
    ACTION_CANCELLED = "action_cancelled"  # stage, action, attempt, reason
    ACTION_BROKEN = "action_broken"  # stage, action, attempt, reason
    APPROVAL_REQUESTED = "approval_requested"  # approval, stage, environment, subject hash, expires_at, needed,
    # asked_by?: the action under way that asks, question?
    APPROVAL_GIVEN = "approval_given"  # approval, by  (one person's yes; `APPROVED` when enough)
    APPROVAL_WITHDRAWN = "approval_withdrawn"  # approval, by  (a yes taken back before it was enough)
    APPROVED = "approved"  # approval, by: [ids], reused?: the earlier approval that counts again
    GLASS_BROKEN = "glass_broken"  # approval, by, reason  (released without the approval of others)
    APPROVAL_REMINDED = "approval_reminded"  # approval, number
    APPROVAL_ESCALATED = "approval_escalated"  # approval, to: [who]
    REJECTED = "rejected"  # approval, by, reason?
    APPROVAL_EXPIRED = "approval_expired"  # approval
    APPROVAL_DENIED = "approval_denied"  # approval, by, reason  (a click by somebody not entitled)
    GATE_WAITING = "gate_waiting"  # stage, gate: pause | window, opens_at?
    GATE_OPENED = "gate_opened"  # stage, gate, by
    PAUSED = "paused"  # by, number: 1 for the first time in the run
    RESUMED = "resumed"  # by, number
    CANCEL_REQUESTED = "cancel_requested"  # by
    ROLLBACK_STARTED = "rollback_started"  # stage, action (that failed), environment, release: {} (that comes back)
    RELEASED = "released"  # environment, commit, digest, address?, previous: digest?, rollback?: true, replicas?
    RUN_ENDED = "run_ended"  # status, reason?, superseded_by?: run


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is to be written: an event before the journal gave it its place."""

    kind: Kind
    actor: str
    """Slack user id, or `estiva`."""
    run: str | None = None
    key: str | None = None
    """When given, a second fact with the same (run, key) changes nothing: steps may be replayed."""
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact in its place in the journal."""

    id: int
    chain: str
    """One hash chain per environment; `-` for facts of no environment."""
    position: int
    """1, 2, 3 ... in its chain."""
    run: str | None
    sequence: int
    """1, 2, 3 ... in its run (0 when of no run)."""
    kind: Kind
    actor: str
    at: datetime
    data: Mapping[str, Json]
    previous: str
    hash: str
    """SHA-256 over the canonical JSON of all other fields but `id`, and of the fact's key; `previous` included."""
