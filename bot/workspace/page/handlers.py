"""The page's addresses: the whole page, its fragments, its files. The workspace's guard stands before all of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.workspace import reading
from bot.workspace.page.assets import INLINE_HASH, Assets
from bot.workspace.page.drawing import Drawing
from bot.workspace.state import Workspace

POLICY = (
    f"default-src 'none'; script-src 'self' '{INLINE_HASH}'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Json = Mapping[str, Any]
MOMENT = re.compile(r"p(\d+)(\d{6})")


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at which channel."""

    person: str
    channel: str
    drawing: Drawing


class Page:
    """Draws what one person sees of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.assets = Assets()

    async def whole(self, request: web.Request) -> web.Response:
        """GET /?as&channel&tab: the page; without arguments the first person in the first channel."""
        look = self._look(request, strict=False)
        messages = reading.messages(self._workspace, look.person, look.channel)
        return _html(look.drawing.page(look.channel, messages, request.query.get("tab", "messages")))

    async def archive(self, request: web.Request) -> web.Response:
        """GET /archives/{channel}/{message}: the page around one message."""
        look = self._look(request, channel=request.match_info["channel"])
        found = MOMENT.fullmatch(request.match_info["message"])
        if found is None:
            raise web.HTTPNotFound(text="This is not a link to a message")
        messages = self._around(look, f"{found[1]}.{found[2]}")
        return _html(look.drawing.page(look.channel, messages, "messages"))

    async def sidebar(self, request: web.Request) -> web.Response:
        """GET /page/sidebar?as&channel."""
        look = self._look(request)
        return _html(look.drawing.sidebar(look.channel))

    async def channel(self, request: web.Request) -> web.Response:
        """GET /page/channel?as&channel&tab."""
        look = self._look(request)
        messages = reading.messages(self._workspace, look.person, look.channel)
        return _html(look.drawing.channel(look.channel, messages, request.query.get("tab") or "messages"))

    async def messages(self, request: web.Request) -> web.Response:
        """GET /page/messages?as&channel&before: older messages only."""
        look = self._look(request)
        before = request.query.get("before")
        return _html(look.drawing.articles(reading.messages(self._workspace, look.person, look.channel, before=before)))

    async def message(self, request: web.Request) -> web.Response:
        """GET /page/message?as&channel&ts&place: one article; 404 when it is gone."""
        look = self._look(request)
        found = reading.message(self._workspace, look.person, look.channel, request.query.get("ts", ""))
        if found is None:
            raise web.HTTPNotFound(text="This message is gone")
        place = "thread" if request.query.get("place") == "thread" else "channel"
        return _html(look.drawing.message(found, place))

    async def thread(self, request: web.Request) -> web.Response:
        """GET /page/thread?as&channel&ts: the thread under the message `ts`."""
        look = self._look(request)
        root = request.query.get("ts", "")
        found = reading.messages(self._workspace, look.person, look.channel, thread=root, limit=1000)
        if not found["messages"]:
            raise web.HTTPNotFound(text="This thread is gone")
        return _html(look.drawing.thread(found, root))

    async def view(self, request: web.Request) -> web.Response:
        """GET /page/view?as: the modal in front, empty when none is open."""
        return _html(self._look(request, strict=False).drawing.view())

    async def home(self, request: web.Request) -> web.Response:
        """GET /page/home?as."""
        return _html(self._look(request, strict=False).drawing.home())

    def _around(self, look: Look, ts: str) -> Json:
        """Enough messages to hold the one at `ts`."""
        found = reading.messages(self._workspace, look.person, look.channel)
        shown = found["messages"]
        if shown and ts >= shown[0]["ts"]:
            return found
        return reading.messages(self._workspace, look.person, look.channel, limit=1000)

    def _look(self, request: web.Request, *, channel: str = "", strict: bool = True) -> Look:
        """Who looks where; when not `strict`, an unknown channel becomes the first one of the person."""
        state = reading.state(self._workspace, self._person(request))
        mine = [each["id"] for each in state["channels"]]
        wanted = channel or request.query.get("channel", "")
        if not strict and wanted not in mine:
            wanted = self._counterpart(wanted, state["me"]["id"])
        if wanted not in mine and (strict or channel):
            raise web.HTTPNotFound(text="There is no such channel for this person")
        return Look(state["me"]["id"], wanted if wanted in mine else mine[0], Drawing(state, self.assets.version))

    def _counterpart(self, channel: str, person: str) -> str:
        """After somebody else's direct message was left by acting as another person: that person's own."""
        left, own = self._workspace.channels.get(channel), self._workspace.direct(person)
        return own.id if left is not None and own is not None and left.kind == "im" else channel

    def _person(self, request: web.Request) -> str:
        wanted = request.query.get("as", "")
        found = self._workspace.find_person(wanted) if wanted else None
        if wanted and (found is None or found.is_bot):
            raise web.HTTPNotFound(text=f"Nobody here is called {wanted}")
        return (found or next(each for each in self._workspace.people.values() if not each.is_bot)).id


def _html(body: str) -> web.Response:
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=HEADERS)
