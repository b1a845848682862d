"""Log lines: redacted, compressed, on disk within half a second."""


class LogSink:
    """Where one attempt's output goes; a `Sink` of the runner contract."""

    def line(self, text: str) -> None:
        """Take one line without its newline."""
        raise NotImplementedError

    def close(self) -> None:
        """Take no more lines. What was taken is flushed in the background, and before any read."""
        raise NotImplementedError


class Logs:
    """Logs by (run, stage, action, attempt)."""

    def sink(self, run: str, stage: str, action: str, attempt: int) -> LogSink:
        """Open the log of an attempt; a replayed attempt goes on after a marker line."""
        raise NotImplementedError

    async def read(self, run: str, stage: str, action: str, attempt: int | None = None, offset: int = 0) -> list[str]:
        """Return the lines from line `offset` on, of the newest attempt when none is named."""
        raise NotImplementedError

    async def tail(self, run: str, stage: str, action: str, attempt: int | None = None, lines: int = 30) -> list[str]:
        """Return the last lines."""
        raise NotImplementedError
