"""Bring the tables up to date when the store opens."""

from importlib.resources import as_file, files

import sqlalchemy as sa
from sqlmodel import Session

HEAD = "0013"
"""The newest migration; a test compares it with the files."""
_LOCK = 0x45535449  # "ESTI"


class Newer(RuntimeError):  # noqa: N818 - says what the database is
    """The database was made by a newer Estiva."""


def upgrade(session: Session) -> None:
    """Run the migrations that are missing, all in this transaction. Many processes may do so at once."""
    if _version(session) == HEAD:
        return
    if session.get_bind().dialect.name != "sqlite":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    _migrate(session)


def _version(session: Session) -> str | None:
    if not sa.inspect(session.connection()).has_table("estiva_version"):
        return None
    version = session.connection().execute(sa.text("SELECT version_num FROM estiva_version")).scalar_one_or_none()
    return None if version is None else str(version)


def _migrate(session: Session) -> None:
    # imported only when there is something to do: an ordinary start need not wait for it
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    with as_file(files("storage") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = session.connection()
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Newer(
                f"the database has version {_version(session)}, this Estiva knows up to {HEAD}: start the newer Estiva"
            ) from error
