"""What the one who walks a run reads and writes of it: with little work, for every action has two facts.

One transaction writes facts, compares the claim and tells what else has happened, so that nobody has to read again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa

from storage import fence, statements
from storage.chain import Head, Scribe, Values, events_of, hold, known, move, record
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """What somebody wants to be written, and where they wait for it."""

    run: Run
    sequence: int
    facts: Sequence[Fact]
    claim: fence.Claim | None
    withdraws: str
    told: "asyncio.Future[Told]"


class Ledger:
    """The journal of runs that somebody walks.

    Whoever writes to a chain waits for whoever is writing to it. So what waits for one chain is written together, in
    one transaction; when anything in it is refused, each for itself.
    """

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep the journal in `database`."""
        self._database = database
        self._scribe = scribe
        self._waiting: dict[str, list[_Entry]] = {}
        """Chain -> what is to be written next; there is none for a chain that nobody writes to."""
        self._writing: set[asyncio.Task[None]] = set()

    async def since(self, run: Run, sequence: int) -> Told:
        """Read what has happened after the event of that sequence."""

        def work(connection: sa.Connection) -> Told:
            row = connection.execute(statements.STANDING_OF_RUN, {"run": run.id}).one()
            events = events_of(connection, run.id, sequence) if row.sequence > sequence else []
            return _standing(run, row, events)

        return await self._database.look(work)

    async def note(self, run: Run, sequence: int, *facts: Fact, withdraws: str = "") -> Told:
        """Write facts of a run in one transaction, and give what has happened after the event of that sequence.

        A fact whose key is there already is not written again. `withdraws` names the action (`stage/action`) that
        asks no more with them. Raises `fence.Overtaken`.
        """
        told = asyncio.get_running_loop().create_future()
        entry = _Entry(run, sequence, facts, fence.held(), withdraws, told)
        chain = run.plan.environment.name
        if chain in self._waiting:
            self._waiting[chain].append(entry)
        else:
            self._waiting[chain] = [entry]
            task = asyncio.create_task(self._write(chain))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        return await entry.told

    async def _write(self, chain: str) -> None:
        while self._waiting[chain]:
            entries, self._waiting[chain] = self._waiting[chain], []
            try:
                _answer(entries, await self._together(chain, entries))
            except Exception:  # noqa: BLE001 - whose it is shows when each is written for itself
                for entry in entries:
                    await self._alone(chain, entry)
        del self._waiting[chain]

    async def _alone(self, chain: str, entry: _Entry) -> None:
        try:
            _answer([entry], await self._together(chain, [entry], surely=True))
        except Exception as error:  # noqa: BLE001 - it is the caller's
            if not entry.told.done():
                entry.told.set_exception(error)

    async def _together(self, chain: str, entries: Sequence[_Entry], *, surely: bool = False) -> list[Told]:
        def work(connection: sa.Connection) -> list[Told]:
            head = hold(connection, chain)
            taken = [self._taken(connection, head, entry, surely=surely) for entry in entries]
            written = iter(record(connection, [values for _, composed in taken for values in composed]))
            move(connection, head)
            return [
                _told(connection, entry, row, list(islice(written, len(composed))))
                for entry, (row, composed) in zip(entries, taken, strict=True)
            ]

        return await self._database.note(work)

    def _taken(self, connection: sa.Connection, head: Head, entry: _Entry, *, surely: bool) -> tuple[Any, list[Values]]:
        """Take the places of an entry in the journal: how its run stands, and the events to write.

        Hardly ever is a fact there already: unless `surely`, nobody asks, and the database refuses it.
        """
        new = [fact for fact in entry.facts if known(connection, fact) is None] if surely else entry.facts
        row = connection.execute(statements.TAKE_SEQUENCES, {"counted": entry.run.id, "more": len(new)}).one()
        if entry.claim is not None:
            fence.compare(entry.claim, row.epoch)
        if entry.withdraws:
            asked = {"of": entry.run.id, "asker": entry.withdraws, "now": self._scribe.now()}
            connection.execute(statements.WITHDRAW_QUESTIONS, asked)
        before = row.sequence - len(new)
        return row, [self._scribe.compose(head, fact, before + nth) for nth, fact in enumerate(new, 1)]


def _answer(entries: Sequence[_Entry], told: Sequence[Told]) -> None:
    for entry, each in zip(entries, told, strict=True):
        if not entry.told.done():  # whoever waited for it may be gone
            entry.told.set_result(each)


def _told(connection: sa.Connection, entry: _Entry, row: Any, written: Sequence[Event]) -> Told:
    last = row.sequence - len(written)
    return _standing(
        entry.run, row, written if last == entry.sequence else events_of(connection, entry.run.id, entry.sequence)
    )


def _standing(run: Run, row: Any, events: Sequence[Event]) -> Told:
    now = replace(
        run,
        status=Status(row.status),
        leg=row.leg,
        cancel_requested=row.cancel_requested,
        closed_at=row.closed_at,
    )
    return Told(run=now, sequence=row.sequence, events=events)
