"""One person of a running workspace, over the act API: for the terminal and for tests."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.workspace.wire import Json

_PATIENCE = 10.0
_ENDLESS = aiohttp.ClientTimeout(total=None)


class WorkspaceClient:
    """Acts as `who` (handle or id). Use as a context: `async with WorkspaceClient(url, token, "dev") as ana`."""

    def __init__(self, url: str, token: str, who: str) -> None:
        self.url = url
        self.who = who
        self._session = aiohttp.ClientSession(headers={"X-Workspace-Token": token})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Type a message or a slash command."""
        return await self.act("say", channel=channel, text=text, thread_ts=thread_ts)

    async def click(self, message: Json, action_id: str, **more: Any) -> Json:
        """Press the element `action_id` of a message, as `message` shows it; `more`: value, selected, state."""
        where = {"channel": message["channel"], "message_ts": message["ts"], "block_id": holder(message, action_id)}
        value = next((each.get("value") for each in _acting(message, action_id)), None)
        return await self.act("click", **where, action_id=action_id, **{"value": value} | more)

    async def click_view(self, view: Json, action_id: str, **more: Any) -> Json:
        """Press the element `action_id` of a modal or App Home."""
        return await self.act(
            "click", view_id=view["id"], block_id=holder(view, action_id), action_id=action_id, **more
        )

    async def submit(self, view: Json, **values: Any) -> Json:
        """Submit a modal; `values` by action id."""
        entered: Json = {}
        for action_id, raw in values.items():
            entered.setdefault(holder(view, action_id), {})[action_id] = raw
        return await self.act("submit", view_id=view["id"], values=entered)

    async def act(self, verb: str, **body: Any) -> Json:
        """POST /act/<verb> as this person."""
        async with self._session.post(f"{self.url}/act/{verb}", json={"as": self.who, **body}) as answer:
            return dict(await answer.json())

    async def look(self, what: str, **query: str) -> Json:
        """GET /act/<what> as this person."""
        async with self._session.get(f"{self.url}/act/{what}", params={"as": self.who, **query}) as answer:
            return dict(await answer.json())

    async def control(self, verb: str, **body: Any) -> Json:
        """POST /control/<verb>."""
        async with self._session.post(f"{self.url}/control/{verb}", json=body) as answer:
            return dict(await answer.json())

    async def log(self, **query: str) -> list[Json]:
        """GET /control/log: what went between the app and the workspace."""
        async with self._session.get(f"{self.url}/control/log", params=query) as answer:
            return list((await answer.json())["entries"])

    async def download(self, url: str) -> bytes:
        """Return the bytes of a file."""
        async with self._session.get(url) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def messages(self, channel: str, thread: str | None = None) -> list[Json]:
        """Return the messages of a channel or thread, oldest first."""
        query = {"channel": channel} | ({"thread": thread} if thread else {})
        return list((await self.look("messages", **query))["messages"])

    async def events(self, after: int | None = None) -> AsyncGenerator[Json, None]:
        """Yield what happens, as this person sees it."""
        query = {"as": self.who} | ({} if after is None else {"last_event_id": str(after)})
        async with self._session.get(f"{self.url}/act/stream", params=query, timeout=_ENDLESS) as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    async def wait_for(self, accept: Callable[[Json], bool], after: int = 0, seconds: float = _PATIENCE) -> Json:
        """Return the first event that `accept` takes, beginning after event `after`. TimeoutError."""
        async with asyncio.timeout(seconds), contextlib.aclosing(self.events(after)) as events:
            async for event in events:
                if accept(event):
                    return event
        raise ConnectionError("The workspace ended the stream.")

    async def wait_for_message(self, part: str, channel: str = "", seconds: float = _PATIENCE) -> Json:
        """Return the first message (or edit, or ephemeral) whose JSON holds `part`. TimeoutError."""

        def accept(event: Json) -> bool:
            message = event.get("message")
            here = channel in ("", event.get("channel"))
            return here and isinstance(message, dict) and part in json.dumps(message, ensure_ascii=False)

        return dict((await self.wait_for(accept, seconds=seconds))["message"])


def holder(surface: Json, action_id: str) -> str:
    """Return the block_id of the block that holds element `action_id`. LookupError: none does."""
    for block in surface.get("blocks", ()):
        if _acting(block, action_id):
            return str(block["block_id"])
    raise LookupError(f"There is no {action_id!r} in {json.dumps(surface.get('blocks'))}.")


def _acting(place: Json, action_id: str) -> list[Json]:
    return [each for each in _dicts(place) if each.get("action_id") == action_id]


def _dicts(value: Any) -> list[Json]:
    if isinstance(value, list):
        return [found for each in value for found in _dicts(each)]
    if isinstance(value, dict):
        return [value, *(found for each in value.values() for found in _dicts(each))]
    return []
