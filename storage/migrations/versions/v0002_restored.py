"""A run that fails may put back what ran before it: a second release of the same run to the same environment."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite cannot change a constraint: there the table is made anew and filled from the old one
    with op.batch_alter_table("releases") as releases:
        releases.add_column(sa.Column("restored", sa.Boolean(), nullable=False, server_default=sa.false()))
        releases.drop_constraint("releases_once", type_="unique")
        releases.create_unique_constraint("releases_once", ["run", "environment", "restored"])
