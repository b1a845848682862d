"""Pages about runs: the list, one run, one log. Drawn on the server; a script only sets the clocks and renews them.

Every address needs its own signature (see `links`); without a good one there is nothing here, whatever is asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aiohttp import web

from bot.runs.details import LINES, Place
from bot.runs.links import Links
from bot.runs.sheet import LogSheet, list_sheet, page, run_sheet
from bot.runs.style import Style
from bot.runs.waits import anchor
from bot.slack.cards.shown import Surroundings
from bot.slack.surroundings import AskApprovers
from commands.approvers import Approvers
from commands.texts import LANGUAGES, phrase
from storage.model.catalog import Catalog
from storage.model.event import Event
from storage.model.fold import fold
from storage.model.view import RunView
from storage.store import Store

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_MOST_RUNS = 50
_MOST_LINES = 5_000


class Pages:
    """The handlers."""

    def __init__(
        self,
        store: Store,
        links: Links,
        catalog: Callable[[], Catalog],
        approvers: AskApprovers,
        thread: Callable[[str], Awaitable[str]],
        language: str,
    ) -> None:
        """`approvers` may decide about the gate of a run; `thread` tells where it is talked about, if known.

        `language` is that of who does not ask for another.
        """
        self._store = store
        self._links = links
        self._catalog = catalog
        self._approvers = approvers
        self._thread = thread
        self._language = language
        self._style = Style()

    def routes(self) -> list[web.RouteDef]:
        """Give all there is to mount."""
        return [
            web.get("/runs", self.list),
            web.get("/runs/static/{name}", self._style.serve),
            web.get("/runs/{run}", self.run),
            web.get("/runs/{run}/logs/{stage}/{action}", self.log),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """GET /runs: the newest runs."""
        until = self._let_in(request)
        found = await self._store.runs.recent(limit=_MOST_RUNS)
        views = [fold(run, await self._store.journal.of_run(run.id)) for run in found]
        shown = [(view, await self._around(view, request)) for view in views]
        say = partial(phrase, self._spoken(request))
        links = {view.run.id: self._link(request, f"/runs/{view.run.id}", until) for view in views}
        return _html(page("list.html", list_sheet(shown, links, say), self._style.version, self._spoken(request)))

    async def run(self, request: web.Request) -> web.Response:
        """GET /runs/{run}: one run."""
        until = self._let_in(request)
        view, events = await self._view(request)
        around = await self._around(view, request)
        logs = {
            (stage.stage.name, action.action.name): self._link(
                request, f"/runs/{view.run.id}/logs/{stage.stage.name}/{action.action.name}", until
            )
            for stage in view.stages
            for action in stage.actions
        }
        thread = await self._thread(view.run.id)
        sheet = run_sheet(view, events, around, logs, self._links.clock(), thread=thread, ends=await self._ends(view))
        return _html(page("run.html", sheet, self._style.version, self._spoken(request)))

    async def _ends(self, view: RunView) -> dict[Place, Sequence[str]]:
        """Read how the logs of what has begun end."""
        begun = [(s.stage.name, a.action.name) for s in view.stages for a in s.actions if a.started_at]
        return {place: await self._store.logs.tail(view.run.id, *place, lines=LINES) for place in begun}

    async def log(self, request: web.Request) -> web.Response:
        """GET /runs/{run}/logs/{stage}/{action}: the end of one log, `plain=1` as plain text."""
        until = self._let_in(request)
        run, stage, action = (request.match_info[name] for name in ("run", "stage", "action"))
        lines = await self._store.logs.tail(run, stage, action, lines=_MOST_LINES)
        if not lines:
            raise _nothing()
        text = "\n".join(lines) + "\n"
        if "plain" in request.query:
            return web.Response(text=text, content_type="text/plain", charset="utf-8", headers=HEADERS)
        sheet = LogSheet(
            title=f"{run} · {stage}/{action}",
            run=run,
            back=f"{self._link(request, f'/runs/{run}', until)}#{anchor(stage, action)}",
            plain=self._link(request, request.path, until, plain="1"),
            text=text,
            say=partial(phrase, self._spoken(request)),
        )
        return _html(page("log.html", sheet, self._style.version, self._spoken(request)))

    def _let_in(self, request: web.Request) -> int:
        given = request.query
        until = self._links.until(request.path, given.get("until", ""), given.get("key", ""))
        if until is None:
            raise _nothing()
        return until

    def _link(self, request: web.Request, path: str, until: int, **more: str) -> str:
        asked = request.query.get("lang", "")
        return self._links.path(path, until, **({"lang": asked} if asked in LANGUAGES else {}), **more)

    async def _view(self, request: web.Request) -> tuple[RunView, Sequence[Event]]:
        try:
            found = await self._store.runs.get(request.match_info["run"])
        except KeyError:
            raise _nothing() from None
        events = await self._store.journal.of_run(found.id)
        return fold(found, events), events

    async def _around(self, view: RunView, request: web.Request) -> Surroundings:
        names = {account: one.name for one in self._catalog().people.values() for account in one.accounts}
        approvers = await self._approvers(view) if view.asking else Approvers()
        say = partial(phrase, self._spoken(request))
        return Surroundings(say=say, names=names, approvers=approvers.users, lacking=approvers.lacking)

    def _spoken(self, request: web.Request) -> str:
        asked = request.query.get("lang", "")
        return asked if asked in LANGUAGES else self._language


def _nothing() -> web.HTTPNotFound:
    return web.HTTPNotFound(text="404: Not Found", headers=HEADERS)


def _html(body: str) -> web.Response:
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=HEADERS)
