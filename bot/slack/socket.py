"""Socket Mode with a watchdog: slack_sdk can retry a spent address for ever, so somebody must look."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

log = logging.getLogger(__name__)

_ALARM = 60.0


class SocketMode:
    """One connection to Slack, kept up. `run` goes on until cancelled."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        *,
        ping_seconds: float = 5.0,
        connected: Callable[[bool], None] = lambda _connected: None,
    ) -> None:
        """`connected` is told at every look whether we are. Must be made on the running loop."""
        self._handler = AsyncSocketModeHandler(
            app, app_token, logger=logging.getLogger("bot.slack.wire"), ping_interval=ping_seconds
        )
        self._client = self._handler.client
        self._client.on_message_listeners.append(self._heard)
        self._ping = ping_seconds
        self._told = connected
        self._frame_at = time.time()
        self._down_since: float | None = time.time()
        self._alarmed = False
        self._spent: str | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Connect, and see to it that we stay connected."""
        self._connecting = asyncio.create_task(self._connect())
        try:
            while True:
                await asyncio.sleep(min(self._ping, 2.0) / 2)
                await self._look()
        finally:
            self._connecting.cancel()
            await self._client.close()  # type: ignore[no-untyped-call]
            await asyncio.gather(self._connecting, return_exceptions=True)
            self._told(False)

    async def connected(self) -> bool:
        """Tell whether Slack can reach us now."""
        return bool(await self._client.is_connected())

    async def facts(self) -> Mapping[str, object]:
        """Say how the connection is, for /health."""
        heard = max(self._frame_at, self._client.last_ping_pong_time or 0.0)
        return {
            "mode": "socket",
            "connected": await self.connected(),
            "last_frame_age_seconds": round(time.time() - heard, 1),
        }

    async def _connect(self) -> None:
        await self._client.connect()  # type: ignore[no-untyped-call]

    async def _heard(self, _message: WSMessage) -> None:
        self._frame_at = time.time()

    async def _look(self) -> None:
        up = await self.connected()
        self._told(up)
        if up:
            if self._alarmed:
                log.warning("connected to Slack again")
            self._down_since, self._spent, self._alarmed = None, None, False
            return
        now = time.time()
        self._down_since = self._down_since or now
        self._forget_spent_address()
        self._restart_a_dead_monitor()
        if now - self._down_since > _ALARM and not self._alarmed:
            self._alarmed = True
            log.error("not connected to Slack for %.0f s; still trying", now - self._down_since)

    def _forget_spent_address(self) -> None:
        """Clear an address that did not lead anywhere since the last look: its ticket is spent or expired."""
        if self._client.wss_uri is not None and self._client.wss_uri == self._spent:
            log.warning("the address for Socket Mode leads nowhere; asking for a new one")
            self._client.wss_uri = None
        self._spent = self._client.wss_uri

    def _restart_a_dead_monitor(self) -> None:
        """Connect anew when nobody else is at it: the SDK's own loops have ended."""
        monitor, connecting = self._client.current_session_monitor, self._connecting
        if (monitor is None or monitor.done()) and (connecting is None or connecting.done()):
            self._connecting = asyncio.create_task(self._connect())
