"""Seconds and counts of the engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What users have; tests shorten them."""

    grace: float = 5.0
    """How long a cancelled runner may take to stop its outside work."""
    backoff: float = 2.0
    """Pause before the second attempt; doubled for each further one, at most a minute."""
    parallel: int = 16
    """Actions under way at once in this process; the others wait for their turn."""
    sweep: float = 1.0
    """Between two looks for what may start, expired or was cancelled."""
    clean: float = 10.0
    """Between two looks for what ended runs left behind."""
    retire: float = 3_600.0
    """Between two looks for what is kept no longer."""
    poll: float = 1.0
    """Between two looks of DBOS for messages; `Engine.stop` may take as long."""
