"""Addresses of our own messages, so that one leads to another: a card to the question, a question to its card."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

from storage.posts import Post


class Permalinks:
    """Makes the addresses that `chat.getPermalink` gives, without asking it: they consist of what is known."""

    def __init__(self, posted: Callable[[str], Awaitable[Post | None]]) -> None:
        """`posted` finds a message by its key."""
        self._posted = posted
        self._workspace = ""

    def connect(self, workspace: str) -> None:
        """Take the workspace's own address, as Slack says it: `https://example.slack.com/`."""
        self._workspace = workspace.rstrip("/")

    async def __call__(self, key: str, within: str = "") -> str:
        """Give the address of a message, opened in its thread: that of the message `within`, else its own."""
        post = await self._posted(key)
        root = await self._posted(within) if within else post
        return "" if post is None or root is None else self._of(post, root)

    def _of(self, post: Post, root: Post) -> str:
        if not post.ts or not root.ts or not self._workspace:
            return ""
        place = f"/archives/{quote(post.channel, safe='')}/p{post.ts.replace('.', '')}"
        # one that could not be posted in the channel went directly to somebody, and stands in no thread there
        thread = root.ts if root.channel == post.channel else post.ts
        return f"{self._workspace}{place}?{urlencode({'thread_ts': thread, 'cid': post.channel})}"
