"""CloudWatch Logs: streams that grow while somebody reads them, in pages whose token stays the same only at the end."""

from collections.abc import Callable
from typing import Any

from tests.doubles.aws.server import Identity, Server
from tests.doubles.aws.wire import Asked, Refusal

PAGE = 3
"""Events in one answer: fewer than any test writes."""


class GrowingLogs:
    """`streams`: (group, stream) -> what gives the lines that are there now."""

    def __init__(self, server: Server) -> None:
        self.streams: dict[tuple[str, str], Callable[[], list[str]]] = {}
        self._others = server.handlers.get(("logs", "GetLogEvents"))
        server.handlers["logs", "GetLogEvents"] = self._get

    def _get(self, asked: Asked, who: Identity) -> dict[str, Any]:
        place = asked.given["logGroupName"], asked.given["logStreamName"]
        if place not in self.streams and self._others is not None:
            return self._others(asked, who)
        if place not in self.streams:
            raise Refusal("ResourceNotFoundException", "The specified log stream does not exist.")
        if not asked.given.get("startFromHead"):
            newest = self.streams[place]()[-asked.given.get("limit", 10_000) :]
            return {"events": _events(newest, 0), "nextForwardToken": "f/0/", "nextBackwardToken": "b/0"}
        token = asked.given.get("nextToken", "f/0/")
        kind, at, gap = token.split("/")
        if kind != "f":
            raise Refusal("InvalidParameterException", "The specified nextToken is invalid.")
        return self._page(self.streams[place](), int(at), gap)

    def _page(self, lines: list[str], at: int, gap: str) -> dict[str, Any]:
        """Give a page; before the second one there is one that is empty, as AWS gives them now and then."""
        if at == PAGE and not gap and len(lines) > at:
            return {"events": [], "nextForwardToken": f"f/{at}/gap", "nextBackwardToken": "b/0"}
        page = lines[at : at + PAGE]
        after = f"f/{at + len(page)}/" if page else f"f/{at}/{gap}"
        return {"events": _events(page, at), "nextForwardToken": after, "nextBackwardToken": "b/0"}


def _events(lines: list[str], at: int) -> list[dict[str, Any]]:
    return [{"message": f"{line}\n", "timestamp": 1_790_000_000_000 + at} for line in lines]
