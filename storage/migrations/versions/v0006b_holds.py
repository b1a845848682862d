"""Locks and freezes of people, and the runs that wait for their end."""

import sqlalchemy as sa
from alembic import op

revision = "0006b"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("service", sa.String()),
        sa.Column("environment", sa.String()),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("rollback", sa.String()),
        sa.Column("ended_at", _MOMENT),
        sa.Column("ended_by", sa.String()),
    )
    standing = sa.text("ended_at IS NULL")
    op.create_index("holds_standing", "holds", ["id"], postgresql_where=standing, sqlite_where=standing)
    op.create_table(
        "held",
        sa.Column("run", sa.String(), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
    )
