"""What a browser shows whose address or cookie has no key of this workspace: nothing of it, and where to go."""

from aiohttp import web

from bot.workspace.page.drawing import templates
from bot.workspace.page.handlers import HEADERS
from bot.workspace.page.words import Speech


def shows_pages(request: web.Request) -> bool:
    """Tell a person's browser from a program: it says that it wants a page."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def locked(request: web.Request) -> web.Response:
    """Draw the page in the first language that the browser asks for, if it is one of ours."""
    speech = Speech(request.headers.get("Accept-Language", "").partition(",")[0])
    body = templates.get_template("locked.html").render(language=speech.tag, say=speech.say)
    return web.Response(text=body, status=401, content_type="text/html", charset="utf-8", headers=HEADERS)
