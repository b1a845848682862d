"""The workspace's web page: drawn on the server, kept alive by Server-Sent Events, no build step, nothing from outside.

`routes(workspace)` is all there is to mount. `drawing.py` turns the act API's dicts into HTML with the templates,
`render/` draws Block Kit, `static/` holds the styles and the scripts.
"""

from aiohttp import web

from bot.workspace.page.handlers import Page
from bot.workspace.state import Workspace


def routes(workspace: Workspace) -> list[web.RouteDef]:
    """The page at `/`, permalinks, HTML fragments and static files; the caller guards them with its token."""
    page = Page(workspace)
    return [
        web.get("/", page.whole),
        web.get("/archives/{channel}/{message}", page.archive),
        web.get("/page/sidebar", page.sidebar),
        web.get("/page/channel", page.channel),
        web.get("/page/messages", page.messages),
        web.get("/page/message", page.message),
        web.get("/page/thread", page.thread),
        web.get("/page/view", page.view),
        web.get("/page/home", page.home),
        web.get("/page/static/{name}", page.assets.serve),
    ]
