"""HTTP mode: only what Slack signed gets in, once; nothing unsigned is ever an error of ours."""

import contextlib
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.metrics import Metrics
from bot.slack.guard import BODY, Guard, Passage
from bot.web import SLACK_PATH, listening, web_app
from tests.slack.town import Town

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Clock:
    def __init__(self) -> None:
        self.now = 1_764_000_000.0

    def __call__(self) -> float:
        return self.now


def signed(body: bytes, at: float, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at))
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}


def test_what_slack_signed_passes_once() -> None:
    clock = Clock()
    guard, headers = Guard(SECRET, clock), signed(b"{}", clock.now)
    assert guard.check(headers, b"{}") is Passage.FRESH
    assert guard.check(headers, b"{}") is Passage.FRESH, "what was not taken may come again"
    guard.remember(headers)
    clock.now += 290
    assert guard.check(headers, b"{}") is Passage.REPLAY


@pytest.mark.parametrize("skew", [-301, 301, -86_400, 10**9])
def test_five_minutes_either_way_are_too_many(skew: int) -> None:
    clock = Clock()
    assert Guard(SECRET, clock).check(signed(b"{}", clock.now + skew), b"{}") is Passage.REFUSED


def test_a_replay_is_known_for_longer_than_its_signature_is_good() -> None:
    clock = Clock()
    guard, headers = Guard(SECRET, clock), signed(b"{}", clock.now + 299)
    guard.remember(headers)
    clock.now += 598
    assert guard.check(headers, b"{}") is Passage.REPLAY


def test_another_secret_or_body_is_refused() -> None:
    clock = Clock()
    assert Guard(SECRET, clock).check(signed(b"{}", clock.now, "other"), b"{}") is Passage.REFUSED
    assert Guard(SECRET, clock).check(signed(b"{}", clock.now), b"{ }") is Passage.REFUSED


def test_an_empty_secret_guards_nothing() -> None:
    with pytest.raises(ValueError, match="signing secret"):
        Guard("")


@settings(max_examples=200)
@given(st.text(max_size=30), st.text(max_size=90), st.binary(max_size=50))
def test_no_header_breaks_the_guard(stamp: str, signature: str, body: bytes) -> None:
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    assert Guard(SECRET).check(headers, body) is Passage.REFUSED


@contextlib.asynccontextmanager
async def serving(place: Town, secret: str = SECRET) -> AsyncIterator[aiohttp.ClientSession]:
    slack = place.slack(socket=False)
    await slack.open()

    async def facts() -> dict[str, object]:
        return {"ready": False, "slack": dict(await slack.facts())}

    app = web_app(facts=facts, metrics=place.metrics, slack=slack.app, guard=Guard(secret))
    try:
        async with (
            listening(app, "127.0.0.1", 0) as port,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        ):
            yield client
    finally:
        await slack.close()


_HEADERS = [
    {},
    {"X-Slack-Request-Timestamp": "abc", "X-Slack-Signature": "v0=00"},
    {"X-Slack-Request-Timestamp": "٣٤٥", "X-Slack-Signature": "v0=00"},
    {"X-Slack-Request-Timestamp": "-1", "X-Slack-Signature": "v0=é"},
    {"X-Slack-Request-Timestamp": "1" * 400, "X-Slack-Signature": ""},
    {"X-Slack-Request-Timestamp": "1e9", "X-Slack-Signature": "v0=" + "0" * 64},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "application/json; charset=nonsense"},
    {"Content-Encoding": "gzip"},
]
_BODIES = [b"", b"{", b"payload=%7B", b"payload=1", b"\xff\xfe", b"null", b"[1]", b'"x"', b"{}" * 1000]


async def test_nothing_unsigned_is_an_error_of_ours(place: Town) -> None:
    async with serving(place) as client:
        for extra in _HEADERS:
            for body in _BODIES:
                now = {"X-Slack-Request-Timestamp": str(int(time.time()))} if "X-Slack-Signature" not in extra else {}
                async with client.post(SLACK_PATH, data=body, headers={**now, **extra}) as answer:
                    assert answer.status in (400, 401), (extra, body)
        async with client.post(SLACK_PATH, data=io.BytesIO(b"x" * (BODY + 1))) as answer:
            assert answer.status == 413
        async with client.get(SLACK_PATH) as answer:
            assert answer.status == 405
    assert place.desk.asked == []


async def test_signed_nonsense_is_refused_politely(place: Town) -> None:
    async with serving(place) as client:
        for body in _BODIES:
            headers = signed(body, time.time()) | {"Content-Type": "application/json"}
            async with client.post(SLACK_PATH, data=body, headers=headers) as answer:
                assert answer.status < 500, body


async def test_a_signed_event_is_durable_when_it_is_acknowledged(place: Town) -> None:
    body = json.dumps({
        "type": "event_callback", "team_id": "T0ESTIVA1", "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "UANADEV01", "text": "<@UESTIVA01> status", "channel": "C0DEPLOYS",
                  "ts": f"{time.time():.6f}"},
    }).encode()  # fmt: skip
    headers = signed(body, time.time()) | {"Content-Type": "application/json"}
    async with serving(place) as client:
        for _ in range(3):
            async with client.post(SLACK_PATH, data=body, headers=headers) as answer:
                assert answer.status == 200
        unanswered = await place.store.requests.unanswered()
    assert [request.text for request in unanswered] == ["status"]


async def test_the_url_check_is_answered(place: Town) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c0ffee"}).encode()
    async with serving(place) as client:
        headers = signed(body, time.time()) | {"Content-Type": "application/json"}
        async with client.post(SLACK_PATH, data=body, headers=headers) as answer:
            assert (answer.status, (await answer.json())["challenge"]) == (200, "c0ffee")


async def test_other_workspaces_and_bots_are_left_alone(place: Town) -> None:
    ours = {"type": "app_mention", "user": "UANADEV01", "text": "hi", "channel": "C0DEPLOYS", "ts": "1764000000.0001"}
    events = [
        {"team_id": "T0OTHER", "event": ours},
        {"team_id": "T0ESTIVA1", "event": ours | {"user_team": "T0OTHER"}},
        {"team_id": "T0ESTIVA1", "event": ours | {"bot_id": "B1"}},
        {"team_id": "T0ESTIVA1", "event": ours | {"edited": {"user": "U1", "ts": "1"}}},
        {"team_id": "T0ESTIVA1", "event": ours | {"type": "message", "subtype": "message_changed"}},
        {"team_id": "T0ESTIVA1", "event": {"type": "team_join"}},
    ]
    async with serving(place) as client:
        for event in events:
            body = json.dumps({"type": "event_callback", **event}).encode()
            headers = signed(body, time.time()) | {"Content-Type": "application/json"}
            async with client.post(SLACK_PATH, data=body, headers=headers) as answer:
                assert answer.status == 200, event
    assert await place.store.requests.unanswered() == []


async def test_health_readiness_and_figures(place: Town) -> None:
    async with serving(place) as client:
        async with client.get("/health") as answer:
            assert (answer.status, (await answer.json())["slack"]["mode"]) == (200, "http")
        async with client.get("/ready") as answer:
            assert answer.status == 503
        async with client.get("/metrics") as answer:
            text = await answer.text()
    assert 'estiva_slack_calls_total{method="auth.test",result="ok"} 1.0' in text


def test_a_run_is_counted_once() -> None:
    metrics = Metrics()
    metrics.ended("hello-1", "succeeded")
    metrics.ended("hello-1", "succeeded")
    metrics.answered("made up by a stranger", 0.1)
    assert b'estiva_runs_ended_total{status="succeeded"} 1.0' in metrics.text()
    assert b"made up" not in metrics.text()
