"""Runs: opened by a request, walked in legs, ended once."""

from storage.model.request import Request
from storage.model.run import Plan, Run, Status


class Runs:
    """The runs and where each of them stands."""

    async def open(self, request: Request, plan: Plan, channel: str | None = None, thread: str | None = None) -> Run:
        """Open a run, leg 1 ready. The same request gives the same run again."""
        raise NotImplementedError

    async def get(self, run_id: str) -> Run:
        """Return a run. Raises `KeyError` when there is none of that id."""
        raise NotImplementedError

    async def find(self, text: str, service: str | None = None) -> Run | None:
        """Find a run by what people write: `hello-12`, `#12`, `12` (of `service`, or when only one run has it)."""
        raise NotImplementedError

    async def recent(self, service: str | None = None, environment: str | None = None, limit: int = 20) -> list[Run]:
        """Return the newest runs, newest first."""
        raise NotImplementedError

    async def last_failed(self, service: str | None = None, environment: str | None = None) -> Run | None:
        """Return the newest run that ended failed or broken."""
        raise NotImplementedError

    async def active(self, service: str | None = None) -> list[Run]:
        """Return the runs that have not ended, oldest first."""
        raise NotImplementedError

    async def begin_leg(self, run_id: str, leg: int) -> bool:
        """Begin, or begin again, exactly this leg. False when it is over: the caller then does nothing."""
        raise NotImplementedError

    async def ready(self) -> list[tuple[str, int]]:
        """Return (run, leg) of each leg that may start now, oldest run first."""
        raise NotImplementedError

    async def request_cancel(self, run_id: str, by: str) -> bool:
        """Ask a run to stop; a waiting one is made ready so that it can. False when over or asked already."""
        raise NotImplementedError

    async def cancel_requested(self, run_id: str) -> bool:
        """Tell whether somebody asked the run to stop."""
        raise NotImplementedError

    async def finish(self, run_id: str, status: Status, reason: str = "", actor: str = "estiva") -> bool:
        """End a run once and let go of all it held. False when it had ended before."""
        raise NotImplementedError

    async def news(self, reader: str) -> list[str]:
        """Return the runs with events that this reader has not seen."""
        raise NotImplementedError

    async def cursor(self, reader: str, run_id: str) -> int:
        """Return the sequence of the last event that this reader has seen of a run (0: none)."""
        raise NotImplementedError

    async def seen(self, reader: str, run_id: str, sequence: int) -> None:
        """Note that this reader has seen the run's events up to `sequence`; never moves back."""
        raise NotImplementedError
