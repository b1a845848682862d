"""Rate limits: per method and tier, per channel for messages; refusals say when to come back."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


TIER_1 = Rate(10, 600)
"""1 a minute in the long run; a burst of ten lets an app open all its sockets."""
TIER_2 = Rate(20, 60)
TIER_3 = Rate(50, 60)
TIER_4 = Rate(100, 60)
SPECIAL = Rate(300, 60)
"""For methods of their own rule: several hundred a minute."""
PER_CHANNEL = Rate(5, 5)
"""Messages to one channel: one a second, in short bursts."""


class Limits:
    """Counts calls in sliding windows. `enabled` may be switched at any time."""

    def __init__(self, clock: Callable[[], float], *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, key: str, rate: Rate) -> int | None:
        """Count one call; None when it may pass, else the seconds to wait (`Retry-After`)."""
        if not self.enabled:
            return None
        now, calls = self._clock(), self._calls[key]
        while calls and calls[0] <= now - rate.seconds:
            calls.popleft()
        if len(calls) < rate.calls:
            calls.append(now)
            return None
        return max(1, math.ceil(calls[0] + rate.seconds - now))

    def reset(self) -> None:
        """Forget all calls."""
        self._calls.clear()
