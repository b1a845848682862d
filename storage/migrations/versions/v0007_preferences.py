"""What people and channels have chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("who", sa.String(), primary_key=True, nullable=False),
        sa.Column("language", sa.String()),
        sa.Column("mentions", sa.Boolean()),
    )
