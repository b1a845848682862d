"""What the walker of a leg knows of its run: read once, then kept up by whatever is written.

A fact is written in a transaction that also tells what others did to the run since, so that the next move need not
read again. Nothing here decides anything: a crash loses a copy.
"""

from dataclasses import replace

from runners.crash import crash_here
from storage.ledger import Told
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.fold import advance, begun, shown
from storage.model.view import RunView
from storage.store import Store


class Progress:
    """One run, as the walker of one of its legs knows it."""

    def __init__(self, store: Store, run_id: str) -> None:
        """Know nothing yet."""
        self._store = store
        self.run_id = run_id
        self._folded: RunView | None = None
        self._sequence = 0
        self._sure = False
        """Nothing went wrong since it was read: what we wrote is in it."""
        self._fresh = False
        """It is of the moment in which we last wrote, and nothing else was done since."""

    async def look(self) -> RunView:
        """Give the run as it is now, for the next move."""
        if not self._fresh:
            await self._read()
        self._fresh = False
        return await self.known()

    async def known(self) -> RunView:
        """Give the run as it was when it was last read or written."""
        if not self._sure:
            await self._read()
        return shown(self._view)

    def doubt(self) -> None:
        """Learn that something was written besides: it is read before anything else is decided."""
        self._sure = self._fresh = False

    async def note(self, point: str, kind: Kind, key: str, data: dict[str, Json], *, withdraws: str = "") -> RunView:
        """Write one fact of the run once, between two crash points, and give the run as it then is.

        `withdraws` names the action whose questions end with it.
        """
        run = self._view.run
        crash_here(f"{point}.before")
        try:
            fact = Fact(kind=kind, actor="estiva", run=self.run_id, key=key, data=data)
            told = await self._store.ledger.note(run, self._sequence, fact, withdraws=withdraws)
        except BaseException:
            self._sure = self._fresh = False  # it may be written or not
            raise
        crash_here(f"{point}.after")
        self._take(told)
        self._fresh = True
        return await self.known()

    @property
    def _view(self) -> RunView:
        if self._folded is None:
            raise AssertionError("a run is read before anything is written about it")
        return self._folded

    async def _read(self) -> None:
        if self._folded is None:
            run, events = await self._store.runs.told(self.run_id)
            self._folded = begun(run)
            self._take(Told(run=run, sequence=events[-1].sequence if events else 0, events=events))
        else:
            self._take(await self._store.ledger.since(self._folded.run, self._sequence))
        self._sure = True

    def _take(self, told: Told) -> None:
        """Take in what is new; of two that wrote at once the later one has told what the earlier one tells."""
        if told.sequence >= self._sequence:
            new = [event for event in told.events if event.sequence > self._sequence]
            self._folded = advance(replace(self._view, run=told.run), new)
            self._sequence = told.sequence
