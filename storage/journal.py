"""The append-only journal: facts in their place, chained by hashes."""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.model.catalog import Json
from storage.model.event import Event, Fact

Anchor = tuple[int, str]
"""(position, hash) of an event, as noted outside the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying the journal found."""

    ok: bool
    rows: int
    """How many rows were read."""
    first_bad: int | None = None
    """Id of the first row that is not as it was written; `None` when all are, or when the row is gone."""
    why: str = ""


class Journal:
    """Facts go in, events come out; nothing is ever changed."""

    async def append(self, *facts: Fact) -> list[Event]:
        """Write facts in one transaction. A fact whose (run, key) is already there gives the event that is there."""
        raise NotImplementedError

    async def of_run(self, run_id: str, after: int = 0) -> list[Event]:
        """Return the events of a run in their order, those with a sequence above `after`."""
        raise NotImplementedError

    async def page(self, cursor: int = 0, limit: int = 200) -> list[Event]:
        """Return events with an id above `cursor`, in the order of ids."""
        raise NotImplementedError

    async def heads(self) -> dict[str, Anchor]:
        """Return the newest (position, hash) of each chain: what to note outside the database."""
        raise NotImplementedError

    async def verify(self, anchors: Mapping[str, Anchor] | None = None) -> Verdict:
        """Check every chain, and that it still contains the anchors. Names the first bad row."""
        raise NotImplementedError

    async def export(self, cursor: int = 0, limit: int = 1000) -> list[dict[str, Json]]:
        """Return events as flat rows for CSV and JSON; page on with the last row's `id`."""
        raise NotImplementedError
