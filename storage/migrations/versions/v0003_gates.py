"""Gates at which runs wait, and the numbers by which a worker that comes back late is known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _gates()
    op.add_column("runs", _number("epoch"))
    op.add_column("locks", _number("token"))
    op.create_table(
        "fences",
        sa.Column("service", sa.String(), primary_key=True),
        sa.Column("environment", sa.String(), primary_key=True),
        sa.Column("last", sa.BigInteger(), nullable=False),
    )


def _gates() -> None:
    op.create_table(
        "gates",
        sa.Column("run", sa.String(), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("stage", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("opens_at", _MOMENT),
        sa.Column("settled_at", _MOMENT),
        sa.Column("settled_by", sa.String()),
    )
    due = sa.text("settled_at IS NULL AND opens_at IS NOT NULL")
    op.create_index("gates_due", "gates", ["opens_at"], postgresql_where=due, sqlite_where=due)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
