"""What was asked and what was answered: durable before it is acknowledged."""

from collections.abc import Iterable

from storage.model.event import Fact
from storage.model.reply import Reply
from storage.model.request import Request


class Requests:
    """Requests by their delivery identity, each with its reply once it has one."""

    async def accept(self, request: Request) -> bool:
        """Keep a request; committed on return. True when it is new, False when it was delivered before."""
        raise NotImplementedError

    async def get(self, request_id: str) -> Request | None:
        """Return a request by its delivery identity."""
        raise NotImplementedError

    async def unanswered(self) -> list[Request]:
        """Return requests without a reply, oldest first: what a crash left behind."""
        raise NotImplementedError

    async def answer(self, request_id: str, reply: Reply, facts: Iterable[Fact] = ()) -> bool:
        """Keep the reply and journal `facts` in the same transaction. False (and nothing) when already answered."""
        raise NotImplementedError

    async def unposted(self) -> list[tuple[Request, Reply]]:
        """Return answered requests whose reply was not yet shown, oldest first."""
        raise NotImplementedError

    async def posted(self, request_id: str) -> None:
        """Note that the reply was shown."""
        raise NotImplementedError
