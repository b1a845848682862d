"""The tables. Private to `storage`: everybody else sees the nouns of `storage.model`."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class Moment(sa.types.TypeDecorator[datetime]):
    """A time with its offset; kept in UTC on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Turn into UTC."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Say that it is UTC: SQLite forgets."""
        return value if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, column: str, where: str) -> sa.Index:
    """Index only the few rows that somebody waits for."""
    return sa.Index(name, column, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


class RequestRow(SQLModel, table=True):
    """One delivered request."""

    __tablename__ = "requests"
    __table_args__ = (
        _partial("requests_unanswered", "at", "reply IS NULL"),
        _partial("requests_unposted", "at", "reply IS NOT NULL AND posted_at IS NULL"),
    )

    id: str = Field(primary_key=True)
    via: str
    team: str
    channel: str
    user: str
    text: str
    at: datetime = Field(sa_type=Moment)
    thread: str | None = None
    message: str | None = None
    reply: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
    posted_at: datetime | None = Field(default=None, sa_type=Moment)
    taker: str | None = None
    """The process that handles it."""


class CounterRow(SQLModel, table=True):
    """How many runs a service has had."""

    __tablename__ = "counters"

    service: str = Field(primary_key=True)
    last: int


class RunRow(SQLModel, table=True):
    """One run. `phase` says whose turn it is: see `storage.phases`."""

    __tablename__ = "runs"
    __table_args__ = (
        _partial("runs_ready", "opened_at", "phase = 'ready'"),
        _partial("runs_active", "opened_at", "phase <> 'closed'"),
        sa.Index("runs_recent", "service", "environment", "opened_at"),
        sa.Index("runs_opened", "opened_at"),
        sa.Index("runs_sequence", "id", "sequence"),
        _partial("runs_news", "opened_at", "sequence > told"),
        _partial("runs_origin", "origin", "origin IS NOT NULL"),
    )

    id: str = Field(primary_key=True)
    number: int = Field(index=True)
    service: str
    environment: str
    trigger: str
    plan: str
    origin: str | None = None
    """That of the plan."""
    request: str = Field(unique=True)
    requester: str
    channel: str
    thread: str | None = None
    opened_at: datetime = Field(sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    status: str
    phase: str
    leg: int = 1
    cancel_requested: bool = False
    sequence: int = 0
    """How many events it has."""
    told: int = 0
    """How many of them Slack has been told."""
    epoch: int = Field(default=0, sa_type=sa.BigInteger)
    """How often a worker took up one of its legs; what an earlier one still writes is refused."""


class ChainRow(SQLModel, table=True):
    """Head of one hash chain; locked by whoever appends to it."""

    __tablename__ = "chains"

    name: str = Field(primary_key=True)
    position: int = Field(sa_type=sa.BigInteger)
    hash: str


class EventRow(SQLModel, table=True):
    """One event. Triggers refuse to change or delete it."""

    __tablename__ = "journal"
    __table_args__ = (
        sa.UniqueConstraint("chain", "position", name="journal_place"),
        sa.Index("journal_key", "run", "key", unique=True),
        sa.Index("journal_sequence", "run", "sequence"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    chain: str
    position: int = Field(sa_type=sa.BigInteger)
    run: str | None = None
    sequence: int = 0
    key: str | None = None
    kind: str
    actor: str
    at: datetime = Field(sa_type=Moment)
    data: dict[str, Any] = Field(sa_type=sa.JSON)
    previous: str
    hash: str


class LockRow(SQLModel, table=True):
    """One place in a queue; the smallest id of (service, environment) holds the lock."""

    __tablename__ = "locks"
    __table_args__ = (
        sa.UniqueConstraint("service", "environment", "run", name="locks_place"),
        _partial("locks_kept", "kept_at", "kept_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    service: str
    environment: str
    run: str = Field(index=True, foreign_key="runs.id")
    token: int = Field(default=0, sa_type=sa.BigInteger)
    """Rises with each place that is ever taken in this queue."""
    kept_at: datetime | None = Field(default=None, sa_type=Moment)
    """When its run ended and kept it, because what it did there may go on."""


class FenceRow(SQLModel, table=True):
    """The last token given in one queue; never given again."""

    __tablename__ = "fences"

    service: str = Field(primary_key=True)
    environment: str = Field(primary_key=True)
    last: int = Field(sa_type=sa.BigInteger)


class GateRow(SQLModel, table=True):
    """One gate at which a run waits before a stage, or has waited."""

    __tablename__ = "gates"
    __table_args__ = (_partial("gates_due", "opens_at", "settled_at IS NULL AND opens_at IS NOT NULL"),)

    run: str = Field(primary_key=True, foreign_key="runs.id")
    stage: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=Moment)
    opens_at: datetime | None = Field(default=None, sa_type=Moment)
    settled_at: datetime | None = Field(default=None, sa_type=Moment)
    settled_by: str | None = None


class ApprovalRow(SQLModel, table=True):
    """One question to people."""

    __tablename__ = "approvals"
    __table_args__ = (
        _partial("approvals_pending", "expires_at", "decision = 'pending'"),
        _partial("approvals_remind", "remind_at", "decision = 'pending' AND remind_at IS NOT NULL"),
        _partial("approvals_escalate", "escalate_at", "decision = 'pending' AND escalate_at IS NOT NULL"),
        _partial("approvals_look", "look_at", "decision = 'pending' AND look_at IS NOT NULL"),
        sa.Index("approvals_subject", "subject", "decided_at"),
    )

    id: str = Field(primary_key=True)
    run: str = Field(index=True, foreign_key="runs.id")
    stage: str
    environment: str
    subject: str
    requester: str
    needed: int
    given_by: list[str] = Field(sa_type=sa.JSON)
    decision: str
    decided_by: str | None = None
    reason: str | None = None
    asked_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    changes: int = 0
    """How many yeses were given or taken back."""
    emergency: bool = False
    reused: str | None = None
    remind_every: int | None = None
    remind_at: datetime | None = Field(default=None, sa_type=Moment)
    reminders: int = 0
    escalate_at: datetime | None = Field(default=None, sa_type=Moment)
    escalate_to: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    escalated: bool = False
    asked_by: str | None = None
    look_at: datetime | None = Field(default=None, sa_type=Moment)


class HoldRow(SQLModel, table=True):
    """A lock or a freeze of somebody; `ended_at` says that it is history."""

    __tablename__ = "holds"
    __table_args__ = (_partial("holds_standing", "id", "ended_at IS NULL"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    kind: str
    service: str | None = None
    environment: str | None = None
    owner: str
    reason: str = ""
    taken_at: datetime = Field(sa_type=Moment)
    expires_at: datetime | None = Field(default=None, sa_type=Moment)
    rollback: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
    ended_by: str | None = None


class HeldRow(SQLModel, table=True):
    """One run that waits for the end of what keeps it out of a place."""

    __tablename__ = "held"

    run: str = Field(primary_key=True, foreign_key="runs.id")
    stage: str
    service: str
    environment: str


class SecondFactorRow(SQLModel, table=True):
    """The last code that somebody used, and the wrong ones since."""

    __tablename__ = "second_factors"

    person: str = Field(primary_key=True)
    last: int = Field(sa_type=sa.BigInteger)
    """Time step of the code: an equal or earlier one is not taken again."""
    failures: int = 0
    failed_at: datetime | None = Field(default=None, sa_type=Moment)


class ReleaseRow(SQLModel, table=True):
    """One deploy that took effect."""

    __tablename__ = "releases"
    __table_args__ = (
        sa.UniqueConstraint("run", "environment", "restored", name="releases_once"),
        sa.Index("releases_history", "service", "environment", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    service: str
    environment: str
    run: str = Field(foreign_key="runs.id")
    commit: str
    subject: str
    author: str
    image: str
    digest: str
    address: str
    by: str
    at: datetime = Field(sa_type=Moment)
    rollback: bool = False
    """It repeats an earlier release of the same digest: a rollback, a redeploy, a restart or a scale."""
    restored: bool = False
    """The run put it back after it had failed."""
    replicas: int | None = None


class PostRow(SQLModel, table=True):
    """One message that a reader posted."""

    __tablename__ = "posts"

    key: str = Field(primary_key=True)
    channel: str
    ts: str
    digest: str


class PreferenceRow(SQLModel, table=True):
    """What a person or a channel has chosen."""

    __tablename__ = "preferences"

    who: str = Field(primary_key=True)
    language: str | None = None
    mentions: bool | None = None


class TenureRow(SQLModel, table=True):
    """Whose turn it is to be a reader."""

    __tablename__ = "tenures"

    reader: str = Field(primary_key=True)
    number: int
    holder: str
    since: datetime = Field(sa_type=Moment)
