"""Bytes of files in and out, and response_urls."""

import json

from aiohttp import web

from bot.workspace import posting
from bot.workspace.files import File
from bot.workspace.platform import Platform
from bot.workspace.tickets import Expired, Used
from bot.workspace.wire import Json, SlackError

_SHOWN = ("image/png", "image/jpeg", "image/gif")


async def upload(platform: Platform, request: web.Request) -> web.Response:
    """Take the bytes of step two, raw or as a form's file."""
    file = platform.workspace.files.get(request.match_info["file"])
    if file is None or file.stored or file.ticket != request.match_info["ticket"]:
        return web.Response(status=404, text="upload_not_found")
    content = await _content(request)
    if len(content) != file.size:
        return web.Response(status=400, text=f"The file has {len(content)} bytes, {file.size} were announced.")
    folder = platform.workspace.path and platform.workspace.path / "files"
    file.store(content, folder)
    return web.Response(text=f"OK - {file.size}")


async def download(platform: Platform, request: web.Request) -> web.Response:
    """Send a file's bytes in a way that no browser runs them."""
    file = platform.workspace.files.get(request.match_info["file"])
    if file is None or not file.complete:
        return web.Response(status=404, text="file_not_found")
    return web.Response(body=file.read(), headers=_safe(file, attached="download" in request.query))


async def respond(platform: Platform, request: web.Request) -> web.Response:
    """Take what the app posts to a response_url: five times, within half an hour."""
    try:
        destination = platform.responses.use(request.match_info["name"])
    except KeyError:
        return web.json_response({"ok": False, "error": "invalid_url"}, status=404)
    except Expired:
        return web.json_response({"ok": False, "error": "expired_url"}, status=404)
    except Used:
        return web.json_response({"ok": False, "error": "used_url"}, status=404)
    arguments: Json = {}
    if wait := posting.spend(platform, destination.channel):
        _log(platform, arguments, "ratelimited")
        return web.json_response(SlackError("ratelimited").answer(), status=429, headers={"Retry-After": str(wait)})
    try:
        arguments = _object(await request.text())
        posting.answer(platform, destination, arguments)
    except SlackError as refusal:
        _log(platform, arguments, refusal.error)
        return web.json_response(refusal.answer(), status=400)
    _log(platform, arguments, None)
    return web.Response(text="ok")


def _object(body: str) -> Json:
    try:
        content = json.loads(body)
    except json.JSONDecodeError as fault:
        raise SlackError("invalid_payload") from fault
    if not isinstance(content, dict):
        raise SlackError("invalid_payload")
    return content


def _log(platform: Platform, arguments: Json, error: str | None) -> None:
    at = platform.workspace.clock()
    platform.log.add("call", method="response_url", arguments=arguments, at=at, ms=0, ok=error is None, error=error)


async def _content(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    form = await request.post()
    for field in form.values():
        if isinstance(field, web.FileField):
            return field.file.read()
    return b""


def _safe(file: File, *, attached: bool) -> dict[str, str]:
    shown = file.mimetype in _SHOWN
    name = "".join(each if each.isalnum() or each in "._-" else "_" for each in file.name)
    return {
        "Content-Type": file.mimetype if shown else "text/plain; charset=utf-8",
        "Content-Disposition": f'{"attachment" if attached else "inline"}; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
