"""CloudWatch Logs: groups, and streams that are read from their end or on from a token."""

from collections.abc import Callable
from typing import Any

from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.wire import Asked, Refusal


class Logs:
    """`streams`: (group, stream) -> lines, or what gives those that are there now; `groups`: their names."""

    def __init__(self, server: Server) -> None:
        self.streams: dict[tuple[str, str], list[str] | Callable[[], list[str]]] = {}
        self.groups: set[str] = {"/ecs/hello"}
        server.handlers |= {("logs", "GetLogEvents"): self._events, ("logs", "DescribeLogGroups"): self._groups}

    def _events(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        known = self.streams.get((asked.given["logGroupName"], asked.given["logStreamName"]))
        if known is None:
            raise Refusal("ResourceNotFoundException", "The specified log stream does not exist.")
        known = known() if callable(known) else known
        events = [{"message": line, "timestamp": 1_790_000_000_000 + n} for n, line in enumerate(known)]
        limit = asked.given.get("limit", 10_000)
        if not asked.given.get("startFromHead"):
            return {"events": events[-limit:], "nextForwardToken": f"f/{len(events)}"}
        begin = int(asked.given.get("nextToken", "f/0").removeprefix("f/"))
        end = min(begin + limit, len(events))
        return {"events": events[begin:end], "nextForwardToken": f"f/{end}"}

    def _groups(self, asked: Asked, _who: Identity) -> dict[str, Any]:
        prefix = asked.given.get("logGroupNamePrefix", "")
        return {"logGroups": [{"logGroupName": name} for name in sorted(self.groups) if name.startswith(prefix)]}
