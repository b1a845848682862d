"""`POST /api/approvals/{run}/{stage}/{deed}`: somebody's yes or no from their own script, instead of a click.

It is the same request as the message would be, answered by the same desk: policy, account in Slack, second factor. Who
asks shows it with a token that only they have. Nothing else can be asked here.
"""

import hmac
import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from aiohttp import web

from bot.intake import Answering
from commands.texts import DEFAULT
from commands.times import in_words
from storage.model.catalog import Catalog, Person
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via

log = logging.getLogger(__name__)

PATH = "/api/approvals/{run}/{stage}/{deed}"
_DEEDS = frozenset({"approve", "reject", "withdraw"})
_SHORTEST = 32
_LONGEST = 10_000
"""Bytes of a body."""
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,80}")
_STATUS = {Verdict.DONE: 200, Verdict.REFUSED: 403, Verdict.ASK: 409}


class Approvals:
    """The route. Whoever shows no token of a person of the catalog learns nothing, not even whether there is a run."""

    def __init__(self, desk: Answering, catalog: Callable[[], Catalog], environ: Mapping[str, str]) -> None:
        """`environ` holds the tokens under the names that the catalog gives."""
        self._desk = desk
        self._catalog = catalog
        self._environ = environ

    def routes(self) -> Sequence[web.RouteDef]:
        """Give what the web app is to serve."""
        return (web.post(PATH, self.answer),)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one deed. 400: not understood, 401: the token is nobody's, 403: refused, 409: ask more exactly."""
        person = self._person(request.headers.get("Authorization", ""))
        if person is None:
            return _said(401, "Show your own token: `Authorization: Bearer ...`.")
        text = _text(request.match_info, await _body(request))
        if text is None:
            return _said(400, "POST /api/approvals/RUN/STAGE/approve, reject or withdraw, with {code, reason} as JSON.")
        reply = await self._desk.handle(_request(person, text))
        return _said(_STATUS.get(reply.verdict, 500), in_words(DEFAULT, reply.text), reply)

    def _person(self, header: str) -> Person | None:
        """Find whose token it is; one that two people share is nobody's."""
        kind, _, shown = header.partition(" ")
        given = shown.strip().encode("utf-8", "surrogateescape")
        # all are compared, and as a whole: how long it takes tells nothing
        people = self._catalog().people.values()
        found = [person for person in people if hmac.compare_digest(self._token(person).encode(), given)]
        return found[0] if kind.lower() == "bearer" and len(given) >= _SHORTEST and len(found) == 1 else None

    def _token(self, person: Person) -> str:
        token = self._environ.get(person.token_from or "", "")
        if token and len(token) < _SHORTEST:
            log.error("the token in %s has less than %d characters: it opens nothing", person.token_from, _SHORTEST)
        return token


def _request(person: Person, text: str) -> Request:
    return Request(
        id=f"api/{uuid.uuid4()}",
        via=Via.API,
        team="",
        channel="",
        user=person.id,
        text=text,
        at=datetime.now(UTC),
    )


async def _body(request: web.Request) -> Mapping[str, str] | None:
    """Read what goes with the deed; nothing at all is an empty object."""
    try:
        raw = await request.content.read(_LONGEST + 1)
        known = json.loads(raw or b"{}") if len(raw) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(known, dict) or not set(known) <= {"code", "reason"}:
        return None
    return known if all(isinstance(value, str) for value in known.values()) else None


def _text(place: Mapping[str, str], body: Mapping[str, str] | None) -> str | None:
    """Say it as the person would; `None` for what is none of the deeds, or no name."""
    run, stage, deed = place["run"], place["stage"], place["deed"]
    if body is None or deed not in _DEEDS or not (_NAME.fullmatch(run) and _NAME.fullmatch(stage)):
        return None
    code, reason = body.get("code", ""), " ".join(body.get("reason", "").split())
    if code and not (deed == "approve" and code.isascii() and code.isdecimal()):
        return None
    if reason and deed != "reject":
        return None
    return f"{deed} {run}/{stage}" + (f" code {code}" if code else "") + (f" because {reason}" if reason else "")


def _said(status: int, text: str, reply: Reply | None = None) -> web.Response:
    more = {} if reply is None else {"verdict": reply.verdict.value, "run": reply.run}
    return web.json_response({"text": text, **more}, status=status)
