"""Questions that an action asks while it is under way, and when it looks whether they were answered elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approvals", sa.Column("asked_by", sa.String()))
    op.add_column("approvals", sa.Column("look_at", sa.DateTime(timezone=True)))
    where = sa.text("decision = 'pending' AND look_at IS NOT NULL")
    op.create_index("approvals_look", "approvals", ["look_at"], postgresql_where=where, sqlite_where=where)
