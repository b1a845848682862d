"""Hash chains: the only way into the journal. Runs inside the caller's transaction.

Lock order, so that no two transactions wait for each other: queue, then chain head, then rows of runs.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlmodel import Session

from storage import statements
from storage.clean import Cleaner
from storage.codec import Unreadable, canonical, plain
from storage.model.catalog import Json
from storage.model.event import Event, Fact, Kind

NO_CHAIN = "-"
"""Chain of facts that belong to no environment."""
GENESIS = ""
"""What the first event of a chain has as its `previous`."""


Values = dict[str, Any]
"""The columns of an event that is not written yet."""


@dataclass(slots=True)
class Head:
    """The end of a chain, held until the transaction ends."""

    name: str
    position: int
    hash: str
    moved: bool = False


class Recorded(Protocol):
    """An event as it is kept: what `event_of` turns into the noun, from whichever kind of row."""

    id: Any
    chain: Any
    position: Any
    run: Any
    sequence: Any
    kind: Any
    actor: Any
    at: Any
    data: Any
    previous: Any
    hash: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribe:
    """Writes facts into their chains, cleaned of secrets."""

    cleaner: Cleaner
    clock: Callable[[], datetime]
    """Gives the time now."""

    def now(self) -> datetime:
        """Give the time now, in UTC."""
        return self.clock().astimezone(UTC)

    def append(self, session: Session, facts: Iterable[Fact]) -> list[Event]:
        """Append facts in their order; a fact whose (run, key) is there already gives the event that is there."""
        facts = list(facts)
        session.flush()  # what the caller added has to be there: these statements go past the mapper
        connection = session.connection()
        chains = {run: chain_of(session, run) for run in {fact.run for fact in facts}}
        heads = {name: hold(connection, name) for name in sorted(set(chains.values()))}
        events = [self._append(connection, heads[chains[fact.run]], fact) for fact in facts]
        for head in heads.values():
            move(connection, head)
        return events

    def _append(self, connection: sa.Connection, head: Head, fact: Fact) -> Event:
        there = known(connection, fact)
        if there is not None:
            return there
        [written] = record(connection, [self.compose(head, fact, _next_sequence(connection, fact.run))])
        return written

    def write(self, connection: sa.Connection, head: Head, fact: Fact, sequence: int) -> None:
        """Write one more event at the end of a chain that is held, as the event of that sequence of its run."""
        record(connection, [self.compose(head, fact, sequence)])
        move(connection, head)

    def compose(self, head: Head, fact: Fact, sequence: int) -> Values:
        """Give the columns of one more event at the end of a chain; the caller records it, and then moves the head."""
        values: Values = {
            "chain": head.name,
            "position": head.position + 1,
            "run": fact.run,
            "sequence": sequence,
            "key": fact.key,
            "kind": fact.kind.value,
            "actor": fact.actor,
            "at": self.now(),
            "data": self._data(fact.data),
            "previous": head.hash,
        }
        values["hash"] = seal(values)
        head.position, head.hash, head.moved = values["position"], values["hash"], True
        return values

    def _data(self, data: Mapping[str, Json]) -> dict[str, Json]:
        cleaned = self.cleaner.json(plain(data))
        return cleaned if isinstance(cleaned, dict) else {}


_SAME = ("chain", "position", "run", "sequence", "actor", "at", "data", "previous", "hash")
"""Columns that an `Event` has under the same name."""


def record(connection: sa.Connection, composed: Sequence[Values]) -> list[Event]:
    """Write events that `Scribe.compose` made, in their order.

    Raises `sqlalchemy.exc.IntegrityError` when a fact with the run and key of one is there already.
    """
    if not composed:
        return []
    if len(composed) == 1:
        added = connection.execute(statements.ADD_EVENT, composed[0])
    else:
        added = connection.execute(statements.ADD_EVENTS, composed)
    ids = added.scalars()
    return [
        Event(id=int(number), kind=Kind(values["kind"]), **{name: values[name] for name in _SAME})
        for number, values in zip(ids, composed, strict=True)
    ]


def hold(connection: sa.Connection, name: str) -> Head:
    """Lock the head of a chain until the transaction ends, so that only we append to it."""
    row = connection.execute(statements.HEAD, {"chain": name}).one_or_none()
    if row is None:
        _insert_head(connection, name)
        row = connection.execute(statements.HEAD, {"chain": name}).one()
    return Head(name, int(row.position), str(row.hash))


def move(connection: sa.Connection, head: Head) -> None:
    """Keep where a chain ends now."""
    if head.moved:
        connection.execute(statements.MOVE_HEAD, {"chain": head.name, "reached": head.position, "seal": head.hash})


def hold_run(session: Session, run: str) -> None:
    """Lock the head of a run's chain: what every transaction does before it changes a run and journals that."""
    if session.get_bind().dialect.name != "sqlite":
        hold(session.connection(), chain_of(session, run))


def chain_of(session: Session, run: str | None) -> str:
    """Name the chain that a run's facts go to. Raises `KeyError` when there is no such run."""
    if run is None:
        return NO_CHAIN
    environment = session.connection().execute(statements.ENVIRONMENT_OF_RUN, {"run": run}).scalar_one_or_none()
    if environment is None:
        raise KeyError(f"there is no run {run!r} to journal a fact of")
    return str(environment)


def seal(columns: Mapping[str, Any]) -> str:
    """Hash an event: SHA-256 over the canonical JSON of everything but its row number."""
    sealed = {name: columns[name] for name in _SEALED}
    sealed["at"] = columns["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical(sealed).encode()).hexdigest()


_SEALED = ("chain", "position", "run", "sequence", "key", "kind", "actor", "at", "data", "previous")


def event_of(row: Recorded) -> Event:
    """Give the noun for a row. Raises `Unreadable` when a newer Estiva wrote it, and we do not know what it says."""
    return Event(
        id=row.id or 0,
        chain=row.chain,
        position=row.position,
        run=row.run,
        sequence=row.sequence,
        kind=_kind_of(row),
        actor=row.actor,
        at=row.at,
        data=row.data,
        previous=row.previous,
        hash=row.hash,
    )


def _kind_of(row: Recorded) -> Kind:
    try:
        return Kind(row.kind)
    except ValueError as error:
        raise Unreadable(
            f"event {row.sequence} of {row.run} is of a kind that is not known here: {row.kind}"
        ) from error


def events_of(connection: sa.Connection, run: str, after: int = 0) -> list[Event]:
    """Give the events of a run in their order, those with a sequence above `after`."""
    rows = connection.execute(statements.EVENTS_OF_RUN, {"run": run, "after": after})
    return [event_of(row) for row in rows]


def known(connection: sa.Connection, fact: Fact) -> Event | None:
    """Give the event that a fact is already, by its run and key."""
    if fact.key is None:
        return None
    asked = {"run": fact.run, "fact": fact.key}
    statement = statements.EVENT_BY_KEY_OF_NO_RUN if fact.run is None else statements.EVENT_BY_KEY
    row = connection.execute(statement, asked).first()
    return None if row is None else event_of(row)


def _next_sequence(connection: sa.Connection, run: str | None) -> int:
    if run is None:
        return 0
    return int(connection.execute(statements.NEXT_SEQUENCE, {"counted": run}).scalar_one())


def _insert_head(connection: sa.Connection, name: str) -> None:
    columns = {"name": name, "position": 0, "hash": GENESIS}
    if connection.dialect.name == "sqlite":
        connection.execute(sa.insert(statements.CHAINS).values(columns))
    else:
        from sqlalchemy.dialects.postgresql import insert

        connection.execute(insert(statements.CHAINS).values(columns).on_conflict_do_nothing())
