"""Approvals that are reminded of, escalated, withdrawn, reused or overruled; the last code of each person."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("changes", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("emergency", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reused", sa.String()),
        sa.Column("remind_every", sa.Integer()),
        sa.Column("remind_at", _MOMENT),
        sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("escalate_at", _MOMENT),
        sa.Column("escalate_to", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("escalated", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("approvals", column)
    op.create_index("approvals_subject", "approvals", ["subject", "decided_at"])
    op.create_table(
        "second_factors",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", _MOMENT),
    )
