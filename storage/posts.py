"""What a reader has shown where, so that it is edited and not said twice."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from storage import cursors
from storage.database import Database
from storage.tables import PostRow
from storage.tenures import Tenure, hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message that was posted."""

    channel: str
    ts: str
    digest: str
    """Hash of what it shows: an equal digest needs no edit."""


class Posts:
    """Posted messages by the reader's own key."""

    def __init__(self, database: Database) -> None:
        """Keep posts in `database`."""
        self._database = database

    async def get(self, key: str) -> Post | None:
        """Return the message posted under a key."""

        def work(session: Session) -> Post | None:
            row = session.get(PostRow, key)
            return None if row is None else Post(channel=row.channel, ts=row.ts, digest=row.digest)

        return await self._database.read(work)

    async def put(self, key: str, channel: str, ts: str, digest: str, tenure: Tenure | None = None) -> None:
        """Note the message posted under a key, or what it shows now. Raises `Superseded` when the turn is over."""

        def work(session: Session) -> None:
            if tenure is not None:
                hold(session, tenure)
            session.merge(PostRow(key=key, channel=channel, ts=ts, digest=digest))

        await self._database.write(work)

    async def doubt(self, key: str, run: str) -> None:
        """Note that nobody knows what a message shows: one whose turn was over has edited it.

        The next look at the run, which is news once more, has it edited again.
        """
        unknown = sa.update(PostRow).where(col(PostRow.key) == key).values(digest="")

        def work(session: Session) -> None:
            session.execute(unknown)
            cursors.reset(session, run)

        await self._database.write(work)
