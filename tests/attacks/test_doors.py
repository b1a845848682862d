"""Strangers at the doors: HTTP without a signature or a token, pages of other sites, and who reads over a shoulder."""

import asyncio
import json
import os
import socket
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import typer
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.cli.logs import logs
from bot.cli.telling import plain
from bot.compose import _secrets, estiva
from bot.settings import Mode, Settings
from bot.workspace.server import running
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
from storage.model.request import Request, Via
from storage.model.run import Status
from storage.redact import Redactor
from storage.store import Store
from tests.commands.catalogs import CATALOG
from tests.slack.town import ANA, DEPLOYS, asked, plan, town

_CATALOG = """
registry: {host: "127.0.0.1:1"}
environments: {homolog: {}}
services: {hello: {repository: ./hello, image: "127.0.0.1:1/hello", build: {uses: dockerfile}}}
people: [{id: UANADEV01, name: Ana}]
policy: [{who: [everyone], may: [status]}]
"""


def _raw(url: str, request: bytes) -> bytes:
    """Say something to a server just as it stands, and give the first line of its answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        return connection.recv(1000).split(b"\r\n")[0]


async def _said(url: str, *headers: bytes, path: bytes = b"/act/state") -> bytes:
    lines = b"\r\n".join([b"GET " + path + b" HTTP/1.1", *headers, b"Connection: close", b"", b""])
    return await asyncio.to_thread(_raw, url, lines)


@pytest.mark.parametrize(
    "header",
    [
        b"Host: [",
        b"Host: [::1",
        b"Host: 127.0.0.1:x@evil.example",
        b"Host: evil.example",
        b"Host: 127.0.0.1.evil.example",
        b"Host: 127.0.0.1\r\nOrigin: http://[",
        b"Host: 127.0.0.1\r\nOrigin: null",
        b"Host: 127.0.0.1\r\nOrigin: https://evil.example",
        b"Host: 127.0.0.1\r\nX-Workspace-Token: \xff\xfe",
        b"Host: 127.0.0.1\r\nCookie: estiva_workspace=\xff",
        b"Host: 127.0.0.1\r\nAuthorization: Bearer \xff",
        b"Host: 127.0.0.1",
    ],
)
async def test_the_workspace_refuses_whoever_it_does_not_know(
    header: bytes, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async with running(data=tmp_path / "data") as local:
        for path in (b"/act/state", b"/", b"/control/log", b"/act/stream", b"/files/F1/x"):
            line = await _said(local.url, header, path=path)
            assert line.split()[1] in (b"400", b"401", b"403"), (path, line)
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_opens_the_workspace_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running(data=data):
        assert data.stat().st_mode & 0o077 == 0
        assert (data / "workspace.json").stat().st_mode & 0o077 == 0


async def test_the_bots_own_route_is_guarded_before_anything_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The whole bot, as it is composed: a stranger's broken gzip is a 401 and no traceback."""
    catalog = tmp_path / "catalog.yml"
    catalog.write_text(_CATALOG)
    async with running() as local:
        settings = Settings(
            data=tmp_path / "data",
            namespace=f"doors-{uuid.uuid4().hex[:6]}",  # a demo may be up beside the tests
            catalog=catalog,
            slack_mode=Mode.HTTP,
            slack_base_url=local.api_url,
            slack_bot_token=SecretStr(local.bot_token),
            slack_signing_secret=SecretStr(local.signing_secret),
            http_port=0,
        )
        async with estiva(settings) as bot, aiohttp.ClientSession() as stranger:
            for encoding in ("gzip", "deflate", "br", "nonsense"):
                headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
                async with stranger.post(f"{bot.url}/slack/events", data=b"\x1f\x8b broken", headers=headers) as answer:
                    assert answer.status == 401, encoding
            for path in ("/health", "/ready", "/metrics"):
                async with stranger.get(bot.url + path) as answer:
                    text = await answer.text()
                for secret in (local.bot_token, local.signing_secret, str(tmp_path)):
                    assert secret not in text
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert "Traceback" not in caplog.text


def test_the_databases_password_is_masked_too() -> None:
    settings = Settings(database_url="postgresql+psycopg://estiva:s3cr%2Ft-w0rd@db/estiva")
    redactor = Redactor(_secrets(settings, CATALOG, os.environ))
    for text in ("s3cr/t-w0rd", "s3cr%2Ft-w0rd"):
        assert text not in redactor.redact(f"could not connect: {text} is wrong")


def test_the_keys_of_aws_are_masked_too() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjE"}
    redactor = Redactor(_secrets(Settings(), CATALOG, environ))
    for text in environ.values():
        assert text not in redactor.redact(f"it printed {text}")


async def test_a_late_request_is_offered_again_to_its_asker_alone(tmp_path: Path) -> None:
    """Else somebody could have `approve ...` offered to the one who may, under a button that says Do It Now."""
    late = datetime.now(UTC) - timedelta(minutes=7)
    request = Request(
        id="msg/late", via=Via.MENTION, team="T0ESTIVA1", channel=DEPLOYS, user=ANA, text="approve hello-1", at=late
    )
    async with town(tmp_path, rate_limits=False) as place:
        await place.store.requests.accept(request)
        async with place.working():
            await place.until(place.bots)
        assert not await place.bots(who="release")


_ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\u202e"


async def _failed_run(data: Path) -> None:
    store = await Store.open(f"sqlite:///{data / 'estiva.db'}", data)
    run = await store.runs.open(asked(), plan())
    place: dict[str, Json] = {"stage": "build", "action": "fetch", "attempt": 1, "reason": _ESCAPES, "final": True}
    for kind in (Kind.ACTION_STARTED, Kind.ACTION_FAILED):
        await store.journal.append(Fact(kind=kind, actor="estiva", run=run.id, data=place))
    sink = store.logs.sink(run.id, "build", "fetch", 1)
    sink.line(f"a subject {_ESCAPES} of a commit")
    sink.close()
    await store.runs.finish(run.id, Status.FAILED, f"reason {_ESCAPES}")
    await store.close()


def test_no_log_moves_the_terminal_of_who_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_failed_run(tmp_path))
    monkeypatch.setenv("ESTIVA_DATA", str(tmp_path))
    app = typer.Typer()
    app.command()(logs)
    shown = CliRunner().invoke(app, [])
    assert "of a commit" in shown.output
    as_json = CliRunner().invoke(app, ["--json"])
    assert json.loads(as_json.output)["run"] == "hello-1"
    for control in ("\x1b", "\x07", "\x9b", "\x08", "\u202e"):
        assert control not in shown.output
        assert control not in plain(f"hello {_ESCAPES}")
    assert "\x1b" not in as_json.output
