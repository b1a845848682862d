"""Hash chains: the only way into the journal. Runs inside the caller's transaction.

Lock order, so that no two transactions wait for each other: queue, then chain head, then rows of runs.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage.clean import Cleaner
from storage.codec import canonical, plain
from storage.model.catalog import Json
from storage.model.event import Event, Fact, Kind
from storage.tables import ChainRow, EventRow, RunRow

NO_CHAIN = "-"
"""Chain of facts that belong to no environment."""
GENESIS = ""
"""What the first event of a chain has as its `previous`."""


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
        chains = {run: chain_of(session, run) for run in {fact.run for fact in facts}}
        heads = {name: hold(session, name) for name in sorted(set(chains.values()))}
        return [self._append(session, heads[chains[fact.run]], fact) for fact in facts]

    def _append(self, session: Session, head: ChainRow, fact: Fact) -> Event:
        if fact.key is not None and (known := _known(session, fact)) is not None:
            return event_of(known)
        row = EventRow(
            chain=head.name,
            position=head.position + 1,
            run=fact.run,
            sequence=_next_sequence(session, fact.run),
            key=fact.key,
            kind=fact.kind.value,
            actor=fact.actor,
            at=self.now(),
            data=self._data(fact.data),
            previous=head.hash,
            hash="",
        )
        row.hash = seal(row)
        head.position, head.hash = row.position, row.hash
        session.add(row)
        session.add(head)
        session.flush()
        return event_of(row)

    def _data(self, data: Mapping[str, Json]) -> dict[str, Json]:
        cleaned = self.cleaner.json(plain(data))
        return cleaned if isinstance(cleaned, dict) else {}


def hold(session: Session, name: str) -> ChainRow:
    """Lock the head of a chain until the transaction ends, so that only we append to it."""
    statement = select(ChainRow).where(ChainRow.name == name).with_for_update()
    row = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if row is not None:
        return row
    _insert_head(session, name)
    return session.exec(statement.execution_options(populate_existing=True)).one()


def hold_run(session: Session, run: str) -> None:
    """Lock the head of a run's chain: what every transaction does before it changes a run and journals that."""
    if session.get_bind().dialect.name != "sqlite":
        hold(session, chain_of(session, run))


def chain_of(session: Session, run: str | None) -> str:
    """Name the chain that a run's facts go to. Raises `KeyError` when there is no such run."""
    if run is None:
        return NO_CHAIN
    environment = session.exec(select(RunRow.environment).where(RunRow.id == run)).one_or_none()
    if environment is None:
        raise KeyError(f"there is no run {run!r} to journal a fact of")
    return environment


def seal(row: EventRow) -> str:
    """Hash an event: SHA-256 over the canonical JSON of everything but its row number."""
    sealed = {
        "chain": row.chain,
        "position": row.position,
        "run": row.run,
        "sequence": row.sequence,
        "key": row.key,
        "kind": row.kind,
        "actor": row.actor,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "data": row.data,
        "previous": row.previous,
    }
    return hashlib.sha256(canonical(sealed).encode()).hexdigest()


def event_of(row: EventRow) -> Event:
    """Give the noun for a row."""
    return Event(
        id=row.id or 0,
        chain=row.chain,
        position=row.position,
        run=row.run,
        sequence=row.sequence,
        kind=Kind(row.kind),
        actor=row.actor,
        at=row.at,
        data=row.data,
        previous=row.previous,
        hash=row.hash,
    )


def _known(session: Session, fact: Fact) -> EventRow | None:
    statement = select(EventRow).where(EventRow.run == fact.run, EventRow.key == fact.key)
    return session.exec(statement).first()


def _next_sequence(session: Session, run: str | None) -> int:
    if run is None:
        return 0
    statement = (
        sa.update(RunRow)
        .where(col(RunRow.id) == run)
        .values(sequence=RunRow.sequence + 1)
        .returning(col(RunRow.sequence))
        .execution_options(synchronize_session=False)
    )
    return int(session.execute(statement).scalar_one())


def _insert_head(session: Session, name: str) -> None:
    columns = {"name": name, "position": 0, "hash": GENESIS}
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.insert(ChainRow).values(columns))
    else:
        from sqlalchemy.dialects.postgresql import insert

        session.execute(insert(ChainRow).values(columns).on_conflict_do_nothing())
