"""A yes from a script: the token says who it is, and the desk decides as it does about a click."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pyotp

from bot.api import Approvals
from bot.metrics import Metrics
from bot.web import listening, web_app
from storage.model.approval import Decision
from storage.model.event import Kind
from tests.verbs.office import ANA, Office
from tests.verbs.test_noise import asked_for

TOKENS = {"RUI_TOKEN": "r" * 32, "ANA_TOKEN": "a" * 40, "BIA_TOKEN": "short"}
SECRET = pyotp.random_base32()
Answer = tuple[int, dict[str, str]]


class Script:
    """Somebody's program."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def post(self, place: str, token: str | None, body: object = None) -> Answer:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = body if isinstance(body, str) else None
        json = None if isinstance(body, str) else body
        url = f"{self._url}/api/approvals/{place}"
        async with self._session.post(url, headers=headers, json=json, data=data) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def script(place: Office) -> AsyncIterator[Script]:
    """A web app on this desk."""

    async def facts() -> dict[str, object]:
        return {"ready": True}

    place.change_catalog("name: Ana,", "name: Ana, token_from: ANA_TOKEN,")
    place.change_catalog("name: Bia,", "name: Bia, token_from: BIA_TOKEN,")
    place.change_catalog("name: Rui,", "name: Rui, token_from: RUI_TOKEN, totp_from: RUI_TOTP,")
    place.desk.environ = {"RUI_TOTP": SECRET}
    routes = Approvals(place.desk, lambda: place.catalog, TOKENS).routes()
    app = web_app(facts=facts, metrics=Metrics(), pages=routes)
    async with listening(app, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        yield Script(session, f"http://127.0.0.1:{port}")


async def test_a_token_approves_for_its_owner_and_under_the_same_rules(place: Office) -> None:
    run, approval = await asked_for(place, ANA)
    here = f"{approval.id}/approve"
    async with script(place) as mine:
        status, answer = await mine.post(here, TOKENS["ANA_TOKEN"])
        assert (status, answer["verdict"]) == (403, "refused"), "who asked may not, and has no right to"
        status, answer = await mine.post(here, TOKENS["RUI_TOKEN"])
        assert (status, answer["verdict"], answer["run"]) == (200, "done", run.id), answer
        status, answer = await mine.post(here, TOKENS["RUI_TOKEN"])
        assert status == 403
    events = await place.store.journal.of_run(run.id)
    assert [event.actor for event in events if event.kind is Kind.APPROVED] == ["URUIREL01"]
    assert [event.actor for event in events if event.kind is Kind.APPROVAL_DENIED] == [ANA]


async def test_a_second_factor_is_asked_here_too(place: Office) -> None:
    place.change_catalog("approvals: 1 ", "approvals: {second_factor: totp} ")
    _, approval = await asked_for(place, ANA)
    async with script(place) as mine:
        status, answer = await mine.post(f"{approval.id}/approve", TOKENS["RUI_TOKEN"])
        assert (status, "123456" in answer["text"]) == (403, True)
        wrong = {"code": "000000"}
        assert (await mine.post(f"{approval.id}/approve", TOKENS["RUI_TOKEN"], wrong))[0] == 403
        right = {"code": pyotp.TOTP(SECRET).now()}
        assert (await mine.post(f"{approval.id}/approve", TOKENS["RUI_TOKEN"], right))[0] == 200


async def test_a_no_has_its_reason(place: Office) -> None:
    _, approval = await asked_for(place, ANA)
    async with script(place) as mine:
        said = {"reason": "the fair\nis on"}
        assert (await mine.post(f"{approval.id}/reject", TOKENS["RUI_TOKEN"], said))[0] == 200
    after = await place.store.approvals.get(approval.id)
    assert after is not None
    assert (after.decision, after.reason) == (Decision.REJECTED, "the fair is on")


async def test_without_a_token_nothing_is_told_and_nothing_else_can_be_asked(place: Office) -> None:
    _, approval = await asked_for(place, ANA)
    rui = TOKENS["RUI_TOKEN"]
    async with script(place) as mine:
        for token in (None, "", "x" * 32, TOKENS["BIA_TOKEN"], rui[:-1], rui + "r", "\u00e9" * 40):
            assert (await mine.post(f"{approval.id}/approve", token))[0] == 401
            assert (await mine.post("nothing-1/here/approve", token))[0] == 401
        for where, body in (
            (f"{approval.id}/deploy", None),
            (f"{approval.id}/break-glass", {"reason": "now"}),
            ("hello-1/approve-production;deploy/approve", None),
            (f"{approval.id}/approve", {"code": "1 because deploy"}),
            (f"{approval.id}/approve", {"code": 1}),
            (f"{approval.id}/approve", {"force": "true"}),
            (f"{approval.id}/approve", "{"),
            (f"{approval.id}/approve", "[" * 5000),
            (f"{approval.id}/reject", "x" * 20_000),
        ):
            assert (await mine.post(where, rui, body))[0] == 400, (where, body)
    after = await place.store.approvals.get(approval.id)
    assert after is not None
    assert after.decision is Decision.PENDING
