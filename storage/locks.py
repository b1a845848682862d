"""Who may deploy to an environment, and who waits, in order."""

from dataclasses import dataclass

from sqlmodel import Session

from storage import ending, phases, queue, statements
from storage.chain import Scribe, hold_run
from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """Where a run stands in a queue."""

    held: bool
    position: int
    """How many are ahead: 0 for the holder, 1 for who is next."""
    holder: str
    """The run that holds the lock."""


class Locks:
    """One first-in first-out queue per (service, environment); its head holds the lock."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep the queues in `database`."""
        self._database = database
        self._scribe = scribe

    async def enter(self, run_id: str, service: str, environment: str, *, superseding: bool = False) -> Entered:
        """Join the queue, or look where the run stands. When it does not hold the lock the run is parked.

        `superseding`: of the runs of its pipeline that wait here only the newest stays, the others end.
        """

        def work(session: Session) -> Entered:
            queue.lock(session, service, environment)
            hold_run(session, run_id)
            waiting = queue.join(session, run_id, service, environment)
            position, holder = [place.run for place in waiting].index(run_id), waiting[0].run
            if position == 0:
                self._scribe.append(session, [queue.taken(waiting[0])])
            else:
                self._scribe.append(session, [queue.queued(waiting[position], position, holder)])
                if not (superseding and ending.supersede(session, self._scribe, run_id, waiting)):
                    phases.park(session, run_id)
            return Entered(held=position == 0, position=position, holder=holder)

        return await self._database.write(work)

    async def leave(self, run_id: str, environment: str) -> None:
        """Leave the queue and make the next in line ready. Harmless when the run is not in it."""

        def work(session: Session) -> None:
            for service, place in queue.places(session, run_id):
                if place == environment:
                    queue.lock(session, service, environment)
                    queue.leave(session, self._scribe, run_id, environment)

        await self._database.write(work)

    async def kept(self) -> list[tuple[str, str]]:
        """Return (run, environment) of each lock that a run keeps beyond its end: what it did there may go on."""
        return await self._database.look(
            lambda connection: [(row.run, row.environment) for row in connection.execute(statements.KEPT_LOCKS)]
        )

    async def queue(self, service: str, environment: str) -> list[str]:
        """Return run ids, the holder first."""
        return await self._database.read(lambda session: queue.line(session, service, environment))

    async def queues(self) -> dict[tuple[str, str], list[str]]:
        """Return every queue that is not empty: (service, environment) -> run ids, the holder first."""
        return await self._database.read(queue.lines)
