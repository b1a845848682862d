"""The one style sheet of the pages; free for all, it says nothing."""

import hashlib
from importlib.resources import files

from aiohttp import web

_YEAR = 31_536_000
_NAME = "runs.css"


class Style:
    """Serves it, with a version that changes with it."""

    def __init__(self) -> None:
        """Read it once."""
        self._body = (files("bot.runs") / "static" / _NAME).read_bytes()
        self.version = hashlib.sha256(self._body).hexdigest()[:12]

    async def serve(self, request: web.Request) -> web.Response:
        """GET /runs/static/{name}."""
        if request.match_info["name"] != _NAME:
            raise web.HTTPNotFound
        headers = {"Cache-Control": f"public, max-age={_YEAR}, immutable", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=self._body, content_type="text/css", charset="utf-8", headers=headers)
