"""Indexes for what is looked for again and again: reminders that are due, runs with news for Slack."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _partial("approvals_remind", "approvals", "remind_at", "decision = 'pending' AND remind_at IS NOT NULL")
    _partial("approvals_escalate", "approvals", "escalate_at", "decision = 'pending' AND escalate_at IS NOT NULL")
    op.add_column("runs", sa.Column("told", sa.Integer(), nullable=False, server_default="0"))
    seen = "(SELECT seen FROM cursors WHERE cursors.run = runs.id AND cursors.reader = 'slack')"
    op.execute(f"UPDATE runs SET told = coalesce({seen}, 0)")  # noqa: S608 - nothing of it is anybody's input
    op.drop_table("cursors")
    _partial("runs_news", "runs", "opened_at", "sequence > told")


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], postgresql_where=sa.text(where), sqlite_where=sa.text(where))
