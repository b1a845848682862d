"""What operators scrape. One registry per process object, so that tests and several apps do not meet."""

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_ACKS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)

_REMEMBERED = 1000


class Metrics:
    """The figures, each named `estiva_...`."""

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        """Start all figures at nothing."""
        self.registry = CollectorRegistry()
        self._counted: dict[str, None] = {}
        self._ended = Counter("estiva_runs_ended", "Runs that ended, by status.", ["status"], registry=self.registry)
        self._active = Gauge(
            "estiva_runs_active", "Runs that go on or wait, by status.", ["status"], registry=self.registry
        )
        self._actions = Gauge("estiva_actions", "Actions under way in this process.", registry=self.registry)
        self._legs = Gauge("estiva_legs", "Legs of runs under way in this process.", registry=self.registry)
        self._acks = Histogram(
            "estiva_slack_ack_seconds",
            "Until a delivery was acknowledged.",
            ["kind"],
            buckets=_ACKS,
            registry=self.registry,
        )
        self._calls = Counter(
            "estiva_slack_calls", "Calls of Slack's Web API.", ["method", "result"], registry=self.registry
        )
        self._connected = Gauge("estiva_slack_connected", "1 while Slack can reach us.", registry=self.registry)
        self._speaks = Gauge(
            "estiva_slack_speaks", "1 while it is this process that says things in Slack.", registry=self.registry
        )
        self._waiting = Gauge("estiva_slack_outbox", "Messages on their way to Slack.", registry=self.registry)

    def working(self, health: Mapping[str, object]) -> None:
        """Set what the engine of this process does, from what it says of itself."""
        self._actions.set(_number(health, "actions"))
        self._legs.set(_number(health, "legs"))

    def ended(self, run: str, status: str) -> None:
        """Count a run that ended; the same one twice counts once."""
        if run not in self._counted:
            self._counted[run] = None
            self._ended.labels(status).inc()
        if len(self._counted) > _REMEMBERED:
            self._counted.pop(next(iter(self._counted)))

    def active(self, statuses: Iterable[str]) -> None:
        """Set how many runs go on, by status."""
        self._active.clear()
        for status in statuses:
            self._active.labels(status).inc()

    def answered(self, kind: str, seconds: float) -> None:
        """Note how long an acknowledgement took. `kind` is made up by the sender: only known ones are labels."""
        known = {"event_callback", "command", "block_actions", "view_submission", "message_action", "view_closed"}
        self._acks.labels(kind if kind in known else "other").observe(seconds)

    def called(self, method: str, result: str) -> None:
        """Count a call of the Web API."""
        self._calls.labels(method, result).inc()

    def connected(self, up: bool) -> None:  # noqa: FBT001 - a gauge is told yes or no
        """Say whether Slack can reach us."""
        self._connected.set(1 if up else 0)

    def speaking(self, ours: bool) -> None:  # noqa: FBT001 - as above
        """Say whether it is our turn to say things in Slack."""
        self._speaks.set(1 if ours else 0)

    def waiting(self, count: int) -> None:
        """Say how many messages wait."""
        self._waiting.set(count)

    def text(self) -> bytes:
        """Give all figures in the text format of Prometheus."""
        return generate_latest(self.registry)


def _number(health: Mapping[str, object], name: str) -> float:
    value = health.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
