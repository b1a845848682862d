"""How strict, how fast and where: the settings of one running workspace."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from bot.workspace.manifest import Manifest


def _secret(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass(slots=True, kw_only=True)
class Settings:
    """Slack's own numbers by default. Durations are in seconds. Secrets are made anew unless given."""

    host: str = "127.0.0.1"
    port: int = 8900
    names: tuple[str, ...] = ()
    """More host names under which it may be reached; this machine's own are always good."""
    data: Path | None = None
    """Where history, files and `workspace.json` (URL and token for the terminal) are kept; None: in memory only."""
    manifest: Manifest = field(default_factory=Manifest)
    request_url: str | None = None
    """Where events, commands and interactions are posted, signed; None: Socket Mode."""
    rate_limits: bool = True
    ack_seconds: float = 3.0
    retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    """Waits before the first, second and third retry of an event."""
    retry_scale: float = 1.0
    """Multiplies those waits; tests shrink them."""
    ping_seconds: float = 10.0
    refresh_seconds: float = 3600.0
    """How long a socket lives before a refresh is asked for."""
    ticket_seconds: float = 30.0
    trigger_seconds: float = 3.0
    response_url_seconds: float = 1800.0
    token: str = field(default_factory=lambda: _secret(""))
    """Opens the page, the act API and the control API."""
    bot_token: str = field(default_factory=lambda: _secret("xoxb-local-"))
    app_token: str = field(default_factory=lambda: _secret("xapp-local-"))
    signing_secret: str = field(default_factory=lambda: _secret(""))
    verification_token: str = field(default_factory=lambda: _secret(""))
