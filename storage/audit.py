"""Is the journal as it was written? Runs inside the caller's transaction."""

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from storage import statements
from storage.chain import GENESIS, seal
from storage.codec import canonical
from storage.model.catalog import Json
from storage.tables import ChainRow, EventRow

Anchor = tuple[int, str]
"""(position, hash) of an event, as noted outside the database."""
_BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying the journal found."""

    ok: bool
    rows: int
    """How many rows were read."""
    first_bad: int | None = None
    """Id of the first row that is not as it was written, or that follows a row that is gone; `None` when only the
    end of a chain is missing."""
    why: str = ""


@dataclass(slots=True)
class _End:
    """The end of a chain so far."""

    position: int = 0
    hash: str = GENESIS
    row: int = 0


@dataclass(slots=True)
class _Walk:
    anchors: Mapping[str, Anchor]
    ends: dict[str, _End] = field(default_factory=dict)
    rows: int = 0

    def problem(self, row: sa.Row[Any]) -> str:
        """Take the next row; say what is wrong with it, or nothing."""
        end = self.ends.setdefault(row.chain, _End())
        place = f"chain {row.chain} position {row.position}"
        if row.position != end.position + 1:
            return f"{place}: follows position {end.position}: rows are missing, added or out of order"
        if row.previous != end.hash:
            return f"{place}: does not continue the row before it"
        if row.hash != seal(row._asdict()):
            return f"{place}: its content was changed after it was written"
        if (row.id or 0) <= end.row:
            return f"{place}: its row number was changed"
        noted = self.anchors.get(row.chain)
        if noted is not None and noted[0] == row.position and noted[1] != row.hash:
            return f"{place}: the hash noted outside was {noted[1]}: the chain was written anew"
        end.position, end.hash, end.row = row.position, row.hash, row.id or 0
        self.rows += 1
        return ""


def verify(session: Session, anchors: Mapping[str, Anchor]) -> Verdict:
    """Read every row of every chain; stop at the first that is not as it was written."""
    walk = _Walk(anchors)
    with closing(_rows(session)) as rows:
        for row in rows:
            if why := walk.problem(row):
                return Verdict(ok=False, rows=walk.rows, first_bad=row.id, why=why)
    if why := _cut(session, walk):
        return Verdict(ok=False, rows=walk.rows, why=why)
    return Verdict(ok=True, rows=walk.rows)


def _rows(session: Session) -> Generator[sa.Row[Any], None, None]:
    statement = statements.EVENTS_BY_CHAIN.execution_options(yield_per=_BATCH)
    with session.connection().execute(statement) as rows:
        yield from rows


def _cut(session: Session, walk: _Walk) -> str:
    """Say which chain has lost its end: by its own head, and by what was noted outside."""
    heads = {row.name: (row.position, row.hash) for row in session.exec(select(ChainRow))}
    for source, expected in (("its head", heads), ("the hash noted outside", walk.anchors)):
        for name, (position, _) in sorted(expected.items()):
            end = walk.ends.get(name, _End())
            if end.position < position:
                return f"chain {name}: ends at position {end.position}, but {source} is at {position}: the end was cut"
    for name, end in sorted(walk.ends.items()):
        if heads.get(name) != (end.position, end.hash):
            return f"chain {name}: its head does not match its last row, position {end.position}"
    return ""


def flat(row: EventRow) -> dict[str, Json]:
    """Give one event as one flat record; `data` stays one JSON text, so that a CSV can hold it."""
    return {
        "id": row.id,
        "chain": row.chain,
        "position": row.position,
        "run": row.run,
        "sequence": row.sequence,
        "key": row.key,
        "kind": row.kind,
        "actor": row.actor,
        "at": row.at.isoformat(),
        "data": canonical(row.data),
        "previous": row.previous,
        "hash": row.hash,
    }
