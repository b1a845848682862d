"""Where the local workspace is and what opens it: written beside the data, for the bot and the terminal."""

import asyncio
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.settings import Mode

NAME = "local.json"
_REGISTRY = "registry.env"
_SOON = 3.0
"""Seconds within which a program on this machine takes a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccess:
    """The tokens with which a bot connects to the local workspace. Kept over restarts, so that the bot may stay."""

    url: str
    bot_token: str
    app_token: str
    signing_secret: str

    @classmethod
    def read(cls, data: Path) -> "LocalAccess | None":
        """Read what a workspace that serves from this folder wrote; `None` when none ever did."""
        try:
            return cls(**json.loads((data / NAME).read_text()))
        except FileNotFoundError:
            return None

    @classmethod
    def fresh(cls) -> "LocalAccess":
        """Make new tokens."""
        return cls(
            url="",
            bot_token=f"xoxb-local-{secrets.token_hex(16)}",
            app_token=f"xapp-local-{secrets.token_hex(16)}",
            signing_secret=secrets.token_hex(16),
        )

    def write(self, data: Path) -> None:
        """Write it, readable by the owner only."""
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(data / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)

    async def answers(self) -> bool:
        """Tell whether the workspace runs now."""
        where = urlsplit(self.url)
        try:
            async with asyncio.timeout(_SOON):
                _, writer = await asyncio.open_connection(where.hostname, where.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    def settings(self) -> dict[str, Any]:
        """Give the settings of a bot that talks to this workspace."""
        return {
            "slack_mode": Mode.SOCKET,
            "slack_base_url": f"{self.url}/api/",
            "slack_bot_token": SecretStr(self.bot_token),
            "slack_app_token": SecretStr(self.app_token),
            "slack_signing_secret": SecretStr(self.signing_secret),
            "pages": True,
            "pages_secret": SecretStr(self.signing_secret),
        }


def registry_login(data: Path) -> dict[str, str]:
    """Read the variables that open the demo's registry. Raises `FileNotFoundError` where no demo was set up."""
    lines = (data / _REGISTRY).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
