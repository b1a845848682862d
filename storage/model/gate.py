"""What a run waits for before a stage, other than people's yes (see `approval`) and its turn (see `Locks`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GateKind(StrEnum):
    """What opens a gate."""

    PAUSE = "pause"
    """Somebody who resumes the run."""
    WINDOW = "window"
    """The clock."""
    LOCK = "lock"
    """The end of a lock or a freeze; it is no row of the gates: see `Holds`."""
    HOLD = "hold"
    """Somebody who resumes the run, after somebody had paused it; it stands before whatever comes next."""
    TURN = "turn"
    """Its turn in the environment; no row of the gates either: see `Locks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate at which one run waits, or has waited."""

    run: str
    stage: str
    """Name of the stage; of a hold, its number: 1 for the first time that the run was paused."""
    kind: GateKind
    asked_at: datetime
    opens_at: datetime | None
    """When the clock opens it; `None`: somebody has to."""
    settled_at: datetime | None = None
    settled_by: str | None = None
    """Slack user id, or `estiva`; `None` while it is closed, or when the run ended before it was opened."""

    @property
    def open(self) -> bool:
        """Tell whether somebody, or the clock, has opened it."""
        return self.settled_by is not None
