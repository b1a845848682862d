"""What a reader has shown where, so that it is edited and not said twice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message that was posted."""

    channel: str
    ts: str
    digest: str
    """Hash of what it shows: an equal digest needs no edit."""


class Posts:
    """Posted messages by the reader's own key."""

    async def get(self, key: str) -> Post | None:
        """Return the message posted under a key."""
        raise NotImplementedError

    async def put(self, key: str, channel: str, ts: str, digest: str) -> None:
        """Note the message posted under a key, or what it shows now."""
        raise NotImplementedError
