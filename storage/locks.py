"""Who may deploy to an environment, and who waits, in order."""

from dataclasses import dataclass


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

    async def enter(self, run_id: str, service: str, environment: str) -> Entered:
        """Join the queue, or look where the run stands. When it does not hold the lock the run is parked."""
        raise NotImplementedError

    async def leave(self, run_id: str, environment: str) -> None:
        """Leave the queue and make the next in line ready. Harmless when the run is not in it."""
        raise NotImplementedError

    async def queue(self, service: str, environment: str) -> list[str]:
        """Return run ids, the holder first."""
        raise NotImplementedError
