"""The HTTP side of the process: health, readiness, metrics, and Slack's deliveries in HTTP mode."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.metrics import Metrics
from bot.slack.guard import BODY, Guard, Passage

log = logging.getLogger(__name__)

SLACK_PATH = "/slack/events"
_BODY_SECONDS = 10.0
_REFUSED = 401

Facts = Callable[[], Awaitable[Mapping[str, object]]]
"""Says how the process is. The key `ready` is what /ready answers by; everything else is for people."""


def web_app(
    *,
    facts: Facts,
    metrics: Metrics,
    gauges: Callable[[], Awaitable[None]] | None = None,
    slack: AsyncApp | None = None,
    guard: Guard | None = None,
    pages: Iterable[web.RouteDef] = (),
) -> web.Application:
    """Make the aiohttp app. `slack` and `guard` are given in HTTP mode; `gauges` refreshes figures before a scrape.

    `pages` are further routes, each of which guards itself: the address may face the internet.
    """

    async def health(_request: web.Request) -> web.Response:
        return web.json_response(dict(await facts()))

    async def ready(_request: web.Request) -> web.Response:
        known = dict(await facts())
        return web.json_response(known, status=200 if known.get("ready") else 503)

    async def scrape(_request: web.Request) -> web.Response:
        if gauges is not None:
            await gauges()
        return web.Response(body=metrics.text(), headers={"Content-Type": metrics.content_type})

    app = web.Application(client_max_size=BODY)
    app.add_routes([web.get("/health", health), web.get("/ready", ready), web.get("/metrics", scrape)])
    if slack is not None and guard is not None:
        app.add_routes([web.post(SLACK_PATH, SlackRoute(slack, guard).answer)])
    app.add_routes(pages)
    return app


@contextlib.asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve the app; gives the port (0 asks for any free one)."""
    # signatures are about the raw bytes, and a stranger's broken gzip must not end the connection with a traceback
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


class SlackRoute:
    """Slack's deliveries: guarded first, then bolt's. Nothing unsigned can cause an error of ours."""

    def __init__(self, slack: AsyncApp, guard: Guard) -> None:
        """`slack` gets only what `guard` lets in."""
        self._slack = slack
        self._guard = guard

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one delivery."""
        try:
            body = await asyncio.wait_for(request.read(), _BODY_SECONDS)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text=f"More than {BODY} bytes.")
        except (TimeoutError, ValueError, web.RequestPayloadError):
            return web.Response(status=400, text="The body did not arrive.")
        match self._guard.check(request.headers, body):
            case Passage.REFUSED:
                return web.Response(status=_REFUSED, text="Not signed by Slack, or not in the last five minutes.")
            case Passage.REPLAY:
                return web.Response(status=200, headers={"X-Estiva-Replay": "1"})
            case Passage.FRESH:
                return await self._dispatch(request, body)

    async def _dispatch(self, request: web.Request, body: bytes) -> web.Response:
        bolt_request = _bolt_request(request, body)
        if bolt_request is None:
            return web.Response(status=400, text="The body is neither JSON nor a form with a payload.")
        answer = await self._slack.async_dispatch(bolt_request)
        if answer.status < 300:  # noqa: PLR2004 - only what was taken is remembered; the rest may come again
            self._guard.remember(request.headers)
        return await to_aiohttp_response(answer)


def _bolt_request(request: web.Request, body: bytes) -> AsyncBoltRequest | None:
    headers: dict[str, str | Sequence[str]] = dict(request.headers.items())
    try:
        made = AsyncBoltRequest(body=body.decode(), query=request.query_string, headers=headers)
    except (ValueError, AttributeError, TypeError, KeyError) as problem:  # bolt takes the shape for granted
        log.warning("a signed delivery could not be read: %s", problem)
        return None
    body_read: object = made.body
    return made if isinstance(body_read, dict) else None
