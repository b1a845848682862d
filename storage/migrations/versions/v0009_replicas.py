"""How many containers of a release run, once somebody has said how many."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("releases", sa.Column("replicas", sa.Integer()))
