"""GET /act/stream: what happens, as Server-Sent Events, resumable."""

import json

from aiohttp import ClientConnectionResetError, web

from bot.workspace.platform import Platform
from bot.workspace.wire import Json

_BEAT = 15.0


async def stream(platform: Platform, request: web.Request) -> web.StreamResponse:
    """Send events to one person until the connection ends."""
    workspace = platform.workspace
    person = workspace.find_person(request.query.get("as", ""))
    if person is None:
        return web.json_response({"ok": False, "error": "user_not_found", "message": "Say who: ?as=dev."}, status=400)
    number = _number(request, workspace.stream.last)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        await response.write(b"retry: 1000\n\n")
        while not workspace.stream.ended:
            seen = workspace.stream.last
            for event in workspace.stream.after(person.id, number):
                await response.write(_frame(event))
            number = seen
            if workspace.stream.last == seen:
                await workspace.stream.wait(_BEAT)
            if workspace.stream.last == seen:
                await response.write(b": beat\n\n")
    except (ClientConnectionResetError, ConnectionError):
        pass
    return response


def _number(request: web.Request, last: int) -> int:
    wanted = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
    return int(wanted) if wanted.isdigit() else last


def _frame(event: Json) -> bytes:
    return f"id: {event['id']}\ndata: {json.dumps(event)}\n\n".encode()
