"""What Alembic runs: the migrations, on the connection and in the transaction that `storage.schema` gives it.

`alembic revision` is for developers; it compares with a database that `storage.schema.upgrade` has made.
"""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 - fills the metadata


def include(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:  # noqa: FBT001
    """Leave out what is not ours: in PostgreSQL the engine keeps its own tables next to these."""
    return not (kind == "table" and reflected and name not in SQLModel.metadata.tables)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_schemas=False,
    include_object=include,
    version_table="estiva_version",
)
with context.begin_transaction():
    context.run_migrations()
