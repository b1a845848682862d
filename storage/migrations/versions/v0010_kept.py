"""Locks that outlive their run, and an index to find those few among all that wait."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("locks", sa.Column("kept_at", sa.DateTime(timezone=True)))
    where = sa.text("kept_at IS NOT NULL")
    op.create_index("locks_kept", "locks", ["kept_at"], postgresql_where=where, sqlite_where=where)
