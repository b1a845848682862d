"""What the one who walks a run reads and writes of it: with little work, for every action has two facts.

One transaction writes facts, compares the claim and tells what else has happened, so that nobody has to read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from storage import fence, statements
from storage.chain import Head, Scribe, events_of, hold, known, move
from storage.database import Database
from storage.model.event import Event, Fact
from storage.model.run import Run, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run at one moment."""

    run: Run
    sequence: int
    """Of its last event."""
    events: Sequence[Event]
    """Those since the one that the caller knew last."""


class Ledger:
    """The journal of runs that somebody walks."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep the journal in `database`."""
        self._database = database
        self._scribe = scribe

    async def since(self, run: Run, sequence: int) -> Told:
        """Read what has happened after the event of that sequence."""

        def work(connection: sa.Connection) -> Told:
            row = connection.execute(statements.STANDING_OF_RUN, {"run": run.id}).one()
            events = events_of(connection, run.id, sequence) if row.sequence > sequence else []
            return _told(run, row, events)

        return await self._database.look(work)

    async def note(self, run: Run, sequence: int, *facts: Fact) -> Told:
        """Write facts of a run, in one transaction, and give what has happened after the event of that sequence.

        A fact whose key is there already is not written again. Raises `fence.Overtaken`.
        """
        claim = fence.held()

        def work(connection: sa.Connection) -> Told:
            head = hold(connection, run.plan.environment.name)
            new = [fact for fact in facts if known(connection, fact) is None]
            taken = {"counted": run.id, "more": len(new)}
            row = connection.execute(statements.TAKE_SEQUENCES, taken).one()
            if claim is not None:
                fence.compare(claim, row.epoch)
            written = self._written(connection, head, new, row.sequence - len(new))
            alone = row.sequence - len(new) == sequence
            return _told(run, row, written if alone else events_of(connection, run.id, sequence))

        return await self._database.note(work)

    def _written(self, connection: sa.Connection, head: Head, facts: Sequence[Fact], last: int) -> list[Event]:
        written = [
            self._scribe.record(connection, head, fact, number) for number, fact in enumerate(facts, start=last + 1)
        ]
        move(connection, head)
        return written


def _told(run: Run, row: Any, events: Sequence[Event]) -> Told:
    now = replace(
        run,
        status=Status(row.status),
        leg=row.leg,
        cancel_requested=row.cancel_requested,
        closed_at=row.closed_at,
    )
    return Told(run=now, sequence=row.sequence, events=events)
