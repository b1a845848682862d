"""The run that a run goes back to, beside its plan: who does a run again is found without reading any plan."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_IN_PLAN = {"sqlite": "json_extract(plan, '$.origin')", "postgresql": "CAST(plan AS json) ->> 'origin'"}


def upgrade() -> None:
    op.add_column("runs", sa.Column("origin", sa.String()))
    said = _IN_PLAN[op.get_bind().dialect.name]
    op.execute(f"UPDATE runs SET origin = {said} WHERE {said} IS NOT NULL")  # noqa: S608 - nothing of it is anybody's
    where = sa.text("origin IS NOT NULL")
    op.create_index("runs_origin", "runs", ["origin"], postgresql_where=where, sqlite_where=where)
