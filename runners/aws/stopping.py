"""What is to happen in AWS when the action that waits for it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from runners.contract import ActionFailed, Sink, Work


@asynccontextmanager
async def stopping(work: Work, stop: Callable[[], Awaitable[None]], sink: Sink, cannot: str) -> AsyncIterator[None]:
    """Stop what the block waits for when it is cancelled, unless only this process goes down.

    What keeps it from being stopped is said (`cannot`: `the build could not be stopped`); it stays a cancellation.
    """
    try:
        yield
    except asyncio.CancelledError:
        if not work.abandoned():
            try:
                await stop()
            except ActionFailed as failure:
                sink.line(f"{cannot}: {failure.reason}")
        raise
