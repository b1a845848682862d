"""The first tables, and the triggers that keep the journal as it was written."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _requests()
    _runs()
    _journal()
    _waiting()
    _readers()
    if op.get_context().dialect.name == "sqlite":
        _seal_sqlite()
    else:
        _seal_postgres()


def _requests() -> None:
    op.create_table(
        "requests",
        _text("id", primary_key=True),
        *_texts("via", "team", "channel", "user", "text"),
        sa.Column("at", _MOMENT, nullable=False),
        *_optional("thread", "message", "reply"),
        sa.Column("answered_at", _MOMENT),
        sa.Column("posted_at", _MOMENT),
    )
    _partial("requests_unanswered", "requests", "at", "reply IS NULL")
    _partial("requests_unposted", "requests", "at", "reply IS NOT NULL AND posted_at IS NULL")


def _runs() -> None:
    op.create_table("counters", _text("service", primary_key=True), _number("last"))
    op.create_table(
        "runs",
        _text("id", primary_key=True),
        _number("number"),
        *_texts("service", "environment", "trigger", "plan"),
        _text("request", unique=True),
        *_texts("requester", "channel"),
        *_optional("thread"),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT),
        *_texts("status", "phase"),
        _number("leg"),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        _number("sequence"),
    )
    op.create_index("ix_runs_number", "runs", ["number"])
    op.create_index("runs_opened", "runs", ["opened_at"])
    op.create_index("runs_recent", "runs", ["service", "environment", "opened_at"])
    op.create_index("runs_sequence", "runs", ["id", "sequence"])
    _partial("runs_active", "runs", "opened_at", "phase <> 'closed'")
    _partial("runs_ready", "runs", "opened_at", "phase = 'ready'")


def _journal() -> None:
    op.create_table(
        "chains",
        _text("name", primary_key=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _text("hash"),
    )
    op.create_table(
        "journal",
        sa.Column("id", _SERIAL, primary_key=True),
        _text("chain"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        *_optional("run"),
        _number("sequence"),
        *_optional("key"),
        *_texts("kind", "actor"),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        *_texts("previous", "hash"),
        sa.UniqueConstraint("chain", "position", name="journal_place"),
    )
    op.create_index("journal_key", "journal", ["run", "key"], unique=True)
    op.create_index("journal_sequence", "journal", ["run", "sequence"])


def _waiting() -> None:
    op.create_table(
        "locks",
        sa.Column("id", _SERIAL, primary_key=True),
        *_texts("service", "environment"),
        _run(),
        sa.UniqueConstraint("service", "environment", "run", name="locks_place"),
    )
    op.create_index("ix_locks_run", "locks", ["run"])
    op.create_table(
        "approvals",
        _text("id", primary_key=True),
        _run(),
        *_texts("stage", "environment", "subject", "requester"),
        _number("needed"),
        sa.Column("given_by", sa.JSON(), nullable=False),
        _text("decision"),
        *_optional("decided_by", "reason"),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("decided_at", _MOMENT),
    )
    op.create_index("ix_approvals_run", "approvals", ["run"])
    _partial("approvals_pending", "approvals", "expires_at", "decision = 'pending'")
    op.create_table(
        "releases",
        sa.Column("id", _SERIAL, primary_key=True),
        *_texts("service", "environment"),
        _run(),
        *_texts("commit", "subject", "author", "image", "digest", "address", "by"),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("rollback", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("run", "environment", name="releases_once"),
    )
    op.create_index("releases_history", "releases", ["service", "environment", "id"])


def _readers() -> None:
    op.create_table("posts", _text("key", primary_key=True), *_texts("channel", "ts", "digest"))
    op.create_table("cursors", _text("reader", primary_key=True), _text("run", primary_key=True), _number("seen"))


def _seal_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal "
            f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only: {verb} refused'); END"
        )
    # REPLACE deletes without asking the trigger above
    op.execute(
        "CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal "
        "WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id OR (chain = NEW.chain AND position = NEW.position)"
        " OR (run = NEW.run AND key = NEW.key)) "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only: REPLACE refused'); END"
    )


def _seal_postgres() -> None:
    op.execute(
        "CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is append-only: % refused', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER journal_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()"
    )


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, **more)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]


def _optional(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String()) for name in names]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _run() -> sa.Column[str]:
    return sa.Column("run", sa.String(), sa.ForeignKey("runs.id"), nullable=False)


def _partial(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], postgresql_where=condition, sqlite_where=condition)
