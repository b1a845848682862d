"""The append-only journal: facts in their place, chained by hashes."""

from collections.abc import Mapping

from sqlmodel import Session, col, select

from storage import audit
from storage.audit import Anchor, Verdict
from storage.chain import Scribe, event_of, events_of
from storage.database import Database
from storage.model.catalog import Json
from storage.model.event import Event, Fact
from storage.tables import ChainRow, EventRow

__all__ = ["Anchor", "Journal", "Verdict"]


class Journal:
    """Facts go in, events come out; nothing is ever changed."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep the journal in `database`."""
        self._database = database
        self._scribe = scribe

    async def append(self, *facts: Fact) -> list[Event]:
        """Write facts in one transaction. A fact whose (run, key) is already there gives the event that is there.

        Raises `KeyError` for a fact of a run that does not exist.
        """
        return await self._database.write(lambda session: self._scribe.append(session, facts))

    async def of_run(self, run_id: str, after: int = 0) -> list[Event]:
        """Return the events of a run in their order, those with a sequence above `after`."""
        return await self._database.read(lambda session: events_of(session.connection(), run_id, after))

    async def page(self, cursor: int = 0, limit: int = 200) -> list[Event]:
        """Return events with an id above `cursor`, in the order of ids."""
        return await self._database.read(lambda session: [event_of(row) for row in _page(session, cursor, limit)])

    async def heads(self) -> dict[str, Anchor]:
        """Return the newest (position, hash) of each chain: what to note outside the database."""
        statement = select(ChainRow)
        return await self._database.read(
            lambda session: {row.name: (row.position, row.hash) for row in session.exec(statement)}
        )

    async def verify(self, anchors: Mapping[str, Anchor] | None = None) -> Verdict:
        """Check every chain, and that it still contains the anchors. Names the first bad row."""
        return await self._database.read(lambda session: audit.verify(session, anchors or {}))

    async def export(self, cursor: int = 0, limit: int = 1000) -> list[dict[str, Json]]:
        """Return events as flat rows for CSV and JSON; page on with the last row's `id`."""
        return await self._database.read(lambda session: [audit.flat(row) for row in _page(session, cursor, limit)])


def _page(session: Session, cursor: int, limit: int) -> list[EventRow]:
    statement = select(EventRow).where(col(EventRow.id) > cursor).order_by(col(EventRow.id)).limit(limit)
    return list(session.exec(statement))
