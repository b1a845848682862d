"""Misbehaviour on demand, for tests: each number counts down to none."""

from dataclasses import dataclass, field, fields

from bot.workspace.wire import Json


@dataclass(slots=True)
class Switches:
    """What goes wrong next. All off by default."""

    drop_acks: int = 0
    """Ignore the next N acks: Slack did not see them."""
    duplicate_events: int = 0
    """Deliver the next N events twice."""
    refuse_tickets: int = 0
    """Refuse the next N websocket handshakes although their ticket is good."""
    fail_open: int = 0
    """Fail the next N calls of apps.connections.open."""
    reorder: int = 0
    """Hold the next N events and deliver them in reverse."""
    rate_limited: dict[str, int] = field(default_factory=dict)
    """By method: answer the next N calls with 429."""
    failing: dict[str, int] = field(default_factory=dict)
    """By method: answer the next N calls with `fatal_error`."""
    retry_after: int = 1
    """Seconds in the Retry-After of those."""
    held: dict[str, int] = field(default_factory=dict)
    """By method: the next N calls are slow on the way and arrive late."""
    held_seconds: float = 1.0
    """How late."""

    def take(self, name: str) -> bool:
        """Use up one of switch `name`; True when there was one."""
        left = int(getattr(self, name))
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0

    def take_limit(self, method: str) -> bool:
        """Use up one 429 of `method`."""
        return _one_less(self.rate_limited, method)

    def take_held(self, method: str) -> bool:
        """Use up one late call of `method`."""
        return _one_less(self.held, method)

    def take_failure(self, method: str) -> bool:
        """Use up one failure of `method`."""
        left = self.failing.get(method, 0)
        if left > 0:
            self.failing[method] = left - 1
        return left > 0

    def set(self, changes: Json) -> None:
        """Set switches by name. ValueError: there is no such switch."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"There is no switch {name!r}; there are: {', '.join(sorted(known))}.")
            setattr(self, name, value)

    def reset(self) -> None:
        """Turn everything off."""
        blank = Switches()
        for each in fields(self):
            setattr(self, each.name, getattr(blank, each.name))


def _one_less(counts: dict[str, int], method: str) -> bool:
    left = counts.get(method, 0)
    if left > 0:
        counts[method] = left - 1
    return left > 0
