"""A directory as the bot has it: the local workspace's Web API over HTTP, asked by the bot's own code."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.slack.client import slack_client
from bot.slack.directory import SlackDirectory
from bot.slack.manifest import manifest
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from bot.workspace.wire import TEAM


@dataclass
class Workspace:
    """The workspace, and the directory that asks it."""

    local: LocalWorkspace
    directory: SlackDirectory
    session: aiohttp.ClientSession
    now: float = 0.0
    """What the directory's clock says, in seconds."""

    async def control(self, what: str, **body: Any) -> None:
        """Change what Slack knows: `person`, `usergroup`, `switch`."""
        headers = {"X-Workspace-Token": self.local.token}
        async with self.session.post(f"{self.local.url}/control/{what}", json=body, headers=headers) as answer:
            assert answer.ok, await answer.text()

    def calls(self, method: str) -> int:
        """How often Slack was asked."""
        return len(self.local.platform.log.after(0, "call", method))


@contextlib.asynccontextmanager
async def directory(*users: str, **settings: Any) -> AsyncIterator[Workspace]:
    """Serve a workspace in which these users are full members."""
    known = Manifest.read(manifest("socket"))
    async with running(manifest=known, rate_limits=False, **settings) as local, aiohttp.ClientSession() as session:
        found = SlackDirectory(lambda: made.now)
        client = slack_client(
            local.bot_token,
            session=session,
            base_url=local.api_url,
            counted=lambda _method, _result: None,
            hold=lambda _seconds: None,
        )
        found.connect(client, TEAM)
        made = Workspace(local, found, session)
        for user in users:
            await made.control("person", user=user)
        yield made
