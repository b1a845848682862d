"""When to look at a rollout: seldom at first, often when its end is near, never more than AWS's own waiter would.

The waiter of the SDK looks every 15 seconds from the beginning. Looks that are left out early are saved for the end,
which is expected when the rollouts before it ended.
"""

from dataclasses import dataclass, field

from runners.aws.ecs.services import Deployment

WAITER = 15.0
"""Seconds between two looks of the SDK's own waiter."""
_NEAR = 1.5
"""Seconds between two looks when the end is near."""
_MOMENT = 0.01
_SELDOM = 60.0
_AROUND = 0.5
"""Which part of the saved looks is used before the expected end; the rest is for after it."""


@dataclass(slots=True)
class Looks:
    """The looks at one rollout. `expected`: how many seconds it will take, when that is known."""

    expected: float | None = None
    made: int = field(default=0, init=False)
    _close: bool = field(default=False, init=False)
    """From now on the end is looked for."""

    def pause(self, elapsed: float, rollout: Deployment) -> float:
        """Give the seconds until the next look, which counts as made."""
        wanted = self._wanted(elapsed, rollout)
        # what ends now the waiter sees with its look number n, after 15 * (n - 1) seconds: so many are ours
        allowed = WAITER * (self.made - 1) + _MOMENT
        self.made += 1
        return max(0.0, max(wanted, allowed) - elapsed)

    def _wanted(self, elapsed: float, rollout: Deployment) -> float:
        if self._close or rollout.failed or self._all_run(rollout):
            return elapsed + _NEAR
        if self.expected is None:
            return elapsed + 2 * WAITER
        saved = self.expected // WAITER + 2 - self.made
        near = self.expected - _NEAR * saved * _AROUND
        if near - elapsed >= 1.5 * _SELDOM:
            return elapsed + _SELDOM
        self._close = True
        return max(near, elapsed)

    def _all_run(self, rollout: Deployment) -> bool:
        """Tell whether only the last words are missing; known beforehand, the end is not watched for too early."""
        return self.expected is None and rollout.running >= rollout.desired > 0 and not rollout.pending
