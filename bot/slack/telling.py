"""Everything that says things in Slack by itself, for as long as it is this process's turn to do so."""

import asyncio

from bot.reader import SlackReader
from bot.slack.answers import Answers
from bot.slack.outbox import Outbox


class Telling:
    """One turn: what it remembers ends with it, and the next begins with what the store says."""

    def __init__(self, outbox: Outbox, answers: Answers, reader: SlackReader) -> None:
        """Take the parts."""
        self._outbox, self._answers, self._reader = outbox, answers, reader

    def __len__(self) -> int:
        """Count the messages on their way."""
        return len(self._outbox)

    async def run(self) -> None:
        """Tell until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self._outbox, self._answers, self._reader):
                group.create_task(part.run())

    def wake(self) -> None:
        """Look for news and unposted replies now."""
        self._answers.wake()
        self._reader.wake()

    def hold(self, seconds: float) -> None:
        """Send nothing for so long: Slack asked for it."""
        self._outbox.hold(seconds)
