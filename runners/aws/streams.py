"""A log stream of CloudWatch, read on from where it was read before."""

from dataclasses import dataclass, field

from runners.aws.errors import AwsRefused
from runners.aws.session import Account

_AT_ONCE = 1_000
_MOST_PAGES = 20
"""Pages of one look; what is left comes with the next."""


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
        return [str(event["message"]).rstrip("\n") for event in answer["events"]], str(answer["nextForwardToken"])
