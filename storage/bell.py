"""Rings in every process at once when a run may go on, or is to stop, so that nobody waits for the next look around.

On PostgreSQL by NOTIFY, in the very transaction that makes it so; on SQLite there is one process, and it hears
itself. A ring may be lost (a connection breaks): whoever listens looks around every now and then all the same.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

from storage.sessions import WATCHING

_log = logging.getLogger(__name__)
_CHANNEL = "estiva_bell"
_AGAIN = 1.0
Hearer = tuple[asyncio.AbstractEventLoop, Callable[[], None]]


class Bell:
    """The bell of one database."""

    def __init__(self, url: sa.URL) -> None:
        """Take the URL of the database."""
        self._url = url
        self._hearers: list[Hearer] = []
        self.name = uuid.uuid4().hex
        """By which this process knows its own rings, which it has heard already."""

    def sound(self) -> None:
        """Tell those who listen in this process; called in any thread, after the commit."""
        for loop, heard in list(self._hearers):
            with suppress(RuntimeError):  # that loop has just been closed
                loop.call_soon_threadsafe(heard)

    async def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` at every ring until cancelled, and once whenever rings may have been missed."""
        hearer = (asyncio.get_running_loop(), heard)
        self._hearers.append(hearer)
        try:
            if self._url.get_backend_name() == "sqlite":
                await asyncio.Event().wait()
            while True:
                await self._others(heard)
                await asyncio.sleep(_AGAIN)
        finally:
            self._hearers.remove(hearer)

    async def _others(self, heard: Callable[[], None]) -> None:
        """Hear the rings of other processes for as long as the connection lasts."""
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            async with await psycopg.AsyncConnection.connect(
                plain,
                autocommit=True,
                **WATCHING,
                application_name="estiva-bell",
            ) as connection:
                await connection.execute(f"LISTEN {_CHANNEL}".encode())
                heard()
                async for ring in connection.notifies():
                    if ring.payload != self.name:
                        heard()
        except (psycopg.Error, OSError) as problem:
            _log.warning("the bell of the database cannot be heard for the moment: %s", problem)


def ring(session: Session) -> None:
    """Ring when the transaction is committed, and only then."""
    bell: Bell = session.info["bell"]
    session.info["rings"] = True
    if session.get_bind().dialect.name != "sqlite":
        session.execute(sa.select(sa.func.pg_notify(_CHANNEL, bell.name)))
