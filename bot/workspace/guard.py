"""Who may come in: this machine's own page and whoever holds the token. The app's paths have tokens of their own."""

import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.workspace.page.locked import locked, shows_pages
from bot.workspace.platform import Platform

COOKIE = "estiva_workspace"
_APP_PATHS = ("/api/", "/link/", "/response/", "/upload/")
_STYLE = "/page/static/"
"""The same files for everybody: the page that says that a key is missing is drawn with them too."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def guard(platform: Platform) -> Middleware:
    """Return the middleware that lets only the right ones in."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _own_host(platform, request) or not _own_origin(request):
            return _refusal("foreign_origin", "This workspace answers only its own page on this machine.", 403)
        if request.path.startswith(_APP_PATHS):
            return await handler(request)
        if _same(request.query.get("token", ""), platform.settings.token) and request.method == "GET":
            return _welcome(platform, request)
        if not (request.path.startswith(_STYLE) or _holds_token(platform, request)):
            if shows_pages(request):
                return locked(request)
            return _refusal("not_authed", "Open the address that was printed at the start: it carries the token.", 401)
        return await handler(request)

    return check


def _own_host(platform: Platform, request: web.Request) -> bool:
    """A page of another site that resolves its name to this machine sends its own name here."""
    return _host(f"//{request.host}") in _LOOPBACK | {platform.settings.host, *platform.settings.names}


def _own_origin(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or _host(origin, whole=True) == request.host


def _host(address: str, *, whole: bool = False) -> str:
    """Read the host of an address, with its port when `whole`; of what is no address it is empty, which nobody is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return (parts.netloc if whole else parts.hostname) or ""


def _holds_token(platform: Platform, request: web.Request) -> bool:
    token = platform.settings.token
    if _same(request.headers.get("X-Workspace-Token", ""), token) or _same(request.cookies.get(COOKIE, ""), token):
        return True
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return request.path.startswith("/files/") and _same(bearer, platform.settings.bot_token)


def _welcome(platform: Platform, request: web.Request) -> web.Response:
    """Trade the token in the address for a cookie, so that it stays in no history and no referrer."""
    rest = {name: value for name, value in request.query.items() if name != "token"}
    target = "/" + str(request.rel_url.with_query(rest)).lstrip("/")
    response = web.Response(status=303, headers={"Location": target})
    response.set_cookie(COOKIE, platform.settings.token, httponly=True, samesite="Strict", path="/")
    return response


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def _refusal(error: str, message: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": error, "message": message}, status=status)
