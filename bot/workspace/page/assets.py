"""The page's own scripts and styles: a fixed set of files, read once, served with their types and a version."""

import base64
import hashlib
from importlib.resources import files

from aiohttp import web

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
YEAR = 31_536_000
_STATIC = files("bot.workspace.page") / "static"
INLINE = (_STATIC / "again.js").read_text(encoding="utf-8")
"""The one script that stands in the page itself: it sees to it that the others come."""
INLINE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()}"
"""By which a policy lets it, and nothing else, run there."""


class Assets:
    """Every file of `static/` by name; names that are not there are 404, there is no listing."""

    def __init__(self) -> None:
        self._files = {each.name: each.read_bytes() for each in _STATIC.iterdir() if _type(each.name)}
        self.version = hashlib.sha256(b"".join(self._files[name] for name in sorted(self._files))).hexdigest()[:12]

    async def serve(self, request: web.Request) -> web.Response:
        """GET /page/static/{name}; kept by browsers for a year only when asked with the current version."""
        name = request.match_info["name"]
        body = self._files.get(name)
        if body is None:
            raise web.HTTPNotFound(text=f"There is no {name}")
        fresh = request.query.get("v") == self.version
        caching = f"max-age={YEAR}, immutable" if fresh else "no-cache"
        headers = {"Cache-Control": f"private, {caching}", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, content_type=_type(name), charset="utf-8", headers=headers)


def _type(name: str) -> str | None:
    return TYPES.get(name[name.rfind(".") :])
