"""A log stream of CloudWatch, read on from where it was read before, and shown in the log of a run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runners.aws.errors import AwsRefused
from runners.aws.patience import PATIENCE
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink

_AT_ONCE = 1_000
_MOST_PAGES = 20
"""Pages of one look; what is left comes with the next."""
_LATE = 2.0
"""Seconds by which the last lines may come after the end of what writes them."""


@dataclass(slots=True, kw_only=True)
class Stream:
    """One stream. It need not be there yet."""

    account: Account
    group: str
    name: str
    _token: str = field(default="", init=False)

    async def news(self) -> list[str]:
        """Give the lines that were written since the last time. Raises `AwsRefused` when it may not be read."""
        found: list[str] = []
        for _ in range(_MOST_PAGES):
            try:
                lines, token = await self._page()
            except AwsRefused:
                if found:
                    break  # what was read is not lost: the next look meets the refusal again
                raise
            found += lines
            if not token or token == self._token:  # the same token again: there is nothing more for now
                break
            self._token = token
        return found

    async def _page(self) -> tuple[list[str], str]:
        on = {"nextToken": self._token} if self._token else {}
        try:
            answer = await self.account.call(
                "logs",
                "get_log_events",
                logGroupName=self.group,
                logStreamName=self.name,
                startFromHead=True,
                limit=_AT_ONCE,
                **on,
            )
        except AwsRefused as refused:
            if refused.code == "ResourceNotFoundException":
                return [], ""
            raise
        return lines_of(answer["events"]), str(answer["nextForwardToken"])


@dataclass(slots=True, kw_only=True)
class Tail:
    """A stream, shown. What keeps it from being read is no failure of what writes it."""

    stream: Stream
    sink: Sink
    before: str = ""
    """What stands before each line."""
    pace: float = 1.0
    """1, unless the AWS of a test runs faster."""
    _refused: bool = field(default=False, init=False)

    async def show(self) -> int | None:
        """Show what is new, and give how much that was; nothing when something that passes kept it from being read."""
        if self._refused:
            return 0
        try:
            news = await self.stream.news()
        except ActionFailed as failure:
            if failure.retryable:
                return None
            self._refused = True
            self.sink.line(f"the log {self.stream.group} cannot be read: {failure.reason}; {failure.hint}")
            return 0
        for line in news:
            self.sink.line(f"{self.before}{line}")
        return len(news)

    async def drain(self) -> None:
        """Show the last lines, until none come any more."""
        failures = 0
        while failures <= PATIENCE:
            await asyncio.sleep(_LATE * self.pace)
            shown = await self.show()
            if shown == 0:
                return
            failures += shown is None


def lines_of(events: list[Mapping[str, Any]]) -> list[str]:
    """Give the lines of events; an event may have several."""
    texts = (str(event["message"]).rstrip("\n") for event in events)
    return [line.rstrip("\r") for text in texts for line in text.split("\n")]
