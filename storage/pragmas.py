"""How SQLite must be set for what is committed to be on disk: asked for on each connection, and seen to be so."""

import sqlite3
from pathlib import Path

BUSY_MILLISECONDS = 30_000
_WANTED: dict[str, tuple[str, object]] = {
    "busy_timeout": (str(BUSY_MILLISECONDS), BUSY_MILLISECONDS),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
}
"""What is set -> what it must then say: committed means on disk, readers never wait."""


def set_safely(connection: sqlite3.Connection, file: Path | str | None) -> None:
    """Set up a connection. Raises `RuntimeError` when SQLite, or the disk below it, will not have it."""
    for name, (value, _) in _WANTED.items():
        connection.execute(f"PRAGMA {name}={value}")
    for name, (value, expected) in _WANTED.items():
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != expected:
            raise RuntimeError(f"SQLite refused {name}={value} for {file} (it says {found!r}): use a local disk")
