"""What the pages are dressed with: a style sheet, and the script of their clocks; free for all, they say nothing."""

import hashlib
from importlib.resources import files

from aiohttp import web

_YEAR = 31_536_000
_KINDS = {"runs.css": "text/css", "runs.js": "text/javascript"}


class Style:
    """Serves them, with a version that changes with them."""

    def __init__(self) -> None:
        """Read them once."""
        self._bodies = {name: (files("bot.runs") / "static" / name).read_bytes() for name in _KINDS}
        self.version = hashlib.sha256(b"".join(self._bodies.values())).hexdigest()[:12]

    async def serve(self, request: web.Request) -> web.Response:
        """GET /runs/static/{name}."""
        name = request.match_info["name"]
        if name not in _KINDS:
            raise web.HTTPNotFound
        headers = {"Cache-Control": f"public, max-age={_YEAR}, immutable", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=self._bodies[name], content_type=_KINDS[name], charset="utf-8", headers=headers)
