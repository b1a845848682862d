"""A client of the local workspace's act API: what the page does, for the terminal."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp


class NoWorkspace(Exception):  # noqa: N818 - told to the person as it stands
    """No local workspace is running here."""


@dataclass(frozen=True, slots=True)
class Local:
    """One person's hands in the local workspace."""

    session: aiohttp.ClientSession
    user: str

    @classmethod
    @asynccontextmanager
    async def connect(cls, data: Path, user: str) -> AsyncIterator["Local"]:
        """Connect to the workspace that serves from this data folder. Raises `NoWorkspace`."""
        address = data / "workspace.json"
        if not address.exists():
            raise NoWorkspace(f"No local workspace is running on {data}: start one with `make demo`.")
        known = json.loads(address.read_text())
        headers = {"X-Workspace-Token": known["token"]}
        async with aiohttp.ClientSession(base_url=known["url"], headers=headers) as session:
            try:
                yield cls(session, user)
            except aiohttp.ClientConnectorError as problem:
                raise NoWorkspace(
                    f"The local workspace at {known['url']} does not answer: start one with `make demo`."
                ) from problem

    async def act(self, name: str, **arguments: object) -> dict[str, Any]:
        """Do one thing as this person: `say`, `click`, ... Returns the answer, with `ok`, `error` and `message`."""
        async with self.session.post(f"/act/{name}", json={"as": self.user, **arguments}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def ask(self, name: str, **query: str) -> dict[str, Any]:
        """Read something as this person: `state`, `messages`, ..."""
        async with self.session.get(f"/act/{name}", params={"as": self.user, **query}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def events(self, after: int) -> AsyncIterator[Mapping[str, Any]]:
        """Give what happens from event `after` on, until the connection ends."""
        query = {"as": self.user, "last_event_id": str(after)}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self.session.get("/act/stream", params=query, timeout=timeout) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
