"""Socket Mode: the app opens websockets with single-use tickets; each envelope goes to one of them and is acked."""

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass

from aiohttp import ClientConnectionResetError, WSMessage, WSMsgType, web

from bot.workspace.delivery import Outcome, Retry
from bot.workspace.settings import Settings
from bot.workspace.state import Workspace
from bot.workspace.switches import Switches
from bot.workspace.tickets import Expired, Tickets, Used
from bot.workspace.wire import APP, Json

MOST = 10
_GRACE = 10.0
_HOST = "applink-local"
_LOST = 3


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket. `leaving`: it was asked to go and gets nothing new. `silent`: it neither speaks nor listens."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    seen: float
    leaving: bool = False
    silent: bool = False

    async def frame(self, content: Json) -> bool:
        """Send one JSON frame; False when the socket is gone."""
        if self.silent:
            return True
        try:
            await self.socket.send_str(json.dumps(content))
        except (ClientConnectionResetError, ConnectionError, RuntimeError):
            return False
        return True


class Sockets:
    """The open sockets of the app."""

    def __init__(self, workspace: Workspace, settings: Settings, switches: Switches) -> None:
        self.connections: list[Connection] = []
        self.tickets: Tickets[str] = Tickets(workspace.clock, seconds=settings.ticket_seconds)
        self._workspace = workspace
        self._settings = settings
        self._switches = switches
        self._pending: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0

    async def send(self, kind: str, payload: Json, retry: Retry, entry: Json) -> Outcome:
        """Send an envelope over the next socket in turn and wait for its ack."""
        envelope: Json = {"envelope_id": str(uuid.uuid4()), "payload": payload, "type": kind}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": retry.attempt, "retry_reason": retry.reason}
        entry["envelope_id"] = envelope["envelope_id"]
        acked: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._pending[envelope["envelope_id"]] = acked
        try:
            if not await self._hand_over(envelope):
                return Outcome(acked=False, reason="no_connection")
            return Outcome(acked=True, payload=await asyncio.wait_for(acked, self._settings.ack_seconds))
        except TimeoutError:
            return Outcome(acked=False, reason="timeout")
        finally:
            del self._pending[envelope["envelope_id"]]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket from handshake to close."""
        if refusal := self._refusal(request.query.get("ticket", "")):
            return web.json_response({"ok": False, "error": refusal}, status=403)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, time.monotonic())
        if len(self.connections) >= MOST:
            await connection.frame(_disconnect("too_many_websockets"))
            await socket.close()
            return socket
        self.connections.append(connection)
        await connection.frame(self._hello())
        self._workspace.connected("socket", len(self.connections))
        keeper = asyncio.create_task(self._keep(connection))
        try:
            await self._read(connection)
        finally:
            keeper.cancel()
            self._drop(connection)
        return socket

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        for connection in list(self.connections):
            await self._leave(connection, reason)

    def hush(self, *, silent: bool) -> None:
        """Make the sockets there are deaf and dumb (or normal again); new ones are normal."""
        for connection in self.connections:
            connection.silent = silent

    async def close(self) -> None:
        """Close all sockets."""
        for connection in list(self.connections):
            with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
                await asyncio.wait_for(connection.socket.close(), 1)

    def reset_connections(self) -> None:
        """Break all sockets without a close frame, as a network failure does."""
        for connection in list(self.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def _hand_over(self, envelope: Json) -> bool:
        for connection in self._in_turn():
            if await connection.frame(envelope):
                return True
            self._drop(connection)
        return False

    def _in_turn(self) -> list[Connection]:
        able = [connection for connection in self.connections if not connection.leaving]
        if not able:
            return []
        self._turn = (self._turn + 1) % len(able)
        return able[self._turn :] + able[: self._turn]

    def _refusal(self, ticket: str) -> str:
        """Return why a handshake is refused. A refused ticket is spent all the same."""
        try:
            self.tickets.use(ticket)
        except KeyError:
            return "invalid_ticket"
        except (Expired, Used):
            return "ticket_expired"
        return "invalid_ticket" if self._switches.take("refuse_tickets") else ""

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {
                "host": _HOST,
                "build_number": 1,
                "approximate_connection_time": int(self._settings.refresh_seconds),
            },
            "connection_info": {"app_id": APP},
        }

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await connection.socket.receive()
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if connection.silent:
                continue
            connection.seen = time.monotonic()
            if message.type is WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._ack(message)

    def _ack(self, message: WSMessage) -> None:
        try:
            frame = json.loads(message.data)
        except json.JSONDecodeError:
            return
        acked = self._pending.get(frame.get("envelope_id", "")) if isinstance(frame, dict) else None
        if acked is None or acked.done() or self._switches.take("drop_acks"):
            return
        acked.set_result(frame.get("payload") or {})

    async def _keep(self, connection: Connection) -> None:
        """Ping, drop the socket that is dead, and ask the old one to go."""
        born = time.monotonic()
        while not connection.socket.closed:
            await asyncio.sleep(self._settings.ping_seconds)
            if connection.silent:
                continue
            if time.monotonic() - connection.seen > _LOST * self._settings.ping_seconds:
                await connection.socket.close()
            elif time.monotonic() - born > self._settings.refresh_seconds:
                await self._leave(connection, "refresh_requested")
                await asyncio.sleep(_GRACE)
                await connection.socket.close()
            else:
                await connection.socket.ping(b"Ping from estiva-local")

    async def _leave(self, connection: Connection, reason: str) -> None:
        connection.leaving = reason != "warning"
        await connection.frame(_disconnect(reason))

    def _drop(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            self._workspace.connected("socket", len(self.connections))


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}
