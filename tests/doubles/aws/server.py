"""One server for all services of an AWS that exists only in a test; what it does is scripted through its parts."""

import asyncio
import contextlib
import json
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from storage.model.cloud import SERVICES
from tests.doubles.aws import s3, wire
from tests.doubles.aws.wire import Asked, Refusal
from tests.registry import free_port

ACCOUNT = "111122223333"
REGION = "sa-east-1"
KEY = "AKIAESTIVA0000000001"
SECRET = "aws-secret-of-the-tests"
SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The environment of a process that has the key, and looks for no other."""


@dataclass
class Fault:
    """What an operation answers instead, so many times."""

    operation: str
    code: str
    message: str = "as the test says"
    status: int = 400
    times: int = 1
    after: str = ""
    """The operation that has to have been asked before; empty: none."""


@dataclass
class Identity:
    """Whom a key belongs to."""

    arn: str
    account: str = ACCOUNT
    tags: dict[str, str] = field(default_factory=dict)


class Clock:
    """Time that runs faster: `speed` seconds of AWS in one of ours; at 0 it stands still, and only `skip` moves it."""

    def __init__(self, speed: float) -> None:
        self._since = time.monotonic()
        self._then = datetime.now(UTC)
        self._speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._then, self._since, self._speed = self.now(), time.monotonic(), speed

    def now(self) -> datetime:
        return self._then + timedelta(seconds=(time.monotonic() - self._since) * self._speed)

    def skip(self, seconds: float) -> None:
        self._then += timedelta(seconds=seconds)


Handler = Callable[[Asked, Identity], dict[str, Any]]
Longer = Callable[[Asked, Identity], Awaitable[dict[str, Any]]]
ObjectHandler = Callable[[web.Request], web.Response]


class Server:
    """Answers at `url`. `calls` has everything that was asked, `faults` and `denied` what goes wrong."""

    def __init__(self, speed: float = 200.0) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.clock = Clock(speed)
        self.keys = {KEY: Identity(f"arn:aws:iam::{ACCOUNT}:user/estiva")}
        self.expired: set[str] = set()
        self.denied: set[str] = set()
        self.faults: list[Fault] = []
        self.calls: list[Asked] = []
        self.wrong: list[str] = []
        self.handlers: dict[tuple[str, str], Handler] = {}
        self.longer: dict[tuple[str, str], Longer] = {}
        """What may take its time to answer."""
        self.newer: dict[str, Callable[[Any], None]] = {}
        """Operation -> what an AWS that is newer than its model adds to an answer."""
        self.objects: ObjectHandler | None = None
        """What S3 answers to a GET of a path, if there is an S3."""
        self.puts: Callable[[web.Request, bytes], web.Response] | None = None
        """What it answers to a PUT."""

    @property
    def endpoints(self) -> dict[str, str]:
        return dict.fromkeys(SERVICES, self.url)

    def count(self, operation: str) -> int:
        return sum(asked.operation == operation for asked in self.calls)

    async def handle(self, request: web.Request) -> web.Response:
        service = "sts"
        try:
            asked, operation = await wire.read(request)
            service = asked.service
            self.calls.append(asked)
            who = self._admitted(asked)
            handler = self.handlers.get((asked.service, asked.operation), _unknown)
            longer = self.longer.get((asked.service, asked.operation))
            made = wire.answer(operation, await longer(asked, who) if longer else handler(asked, who))
            return self._renewed(made, operation.name)
        except Refusal as error:
            return wire.refusal(service, error)
        except Exception:  # noqa: BLE001 - the test has to see it
            self.wrong.append(traceback.format_exc())
            return wire.refusal(service, Refusal("InvalidDouble", self.wrong[-1][-300:], 400))

    def _renewed(self, made: web.Response, operation: str) -> web.Response:
        if operation in self.newer:
            answer = json.loads(made.text or "{}")
            self.newer[operation](answer)
            made.text = json.dumps(answer)
        return made

    async def handle_get(self, request: web.Request) -> web.Response:
        """Answer as S3, whose requests are like those of no other service."""
        try:
            asked = s3.read(request)
            self.calls.append(asked)
            self._admitted(asked)
            return self.objects(request) if self.objects else web.Response(status=404)
        except Refusal as error:
            return wire.refusal("s3", error)

    async def handle_put(self, request: web.Request) -> web.Response:
        """Answer as S3 to whoever puts something there."""
        try:
            asked = s3.read(request)
            self.calls.append(asked)
            self._admitted(asked)
            return self.puts(request, await request.read()) if self.puts else web.Response(status=404)
        except Refusal as error:
            return wire.refusal("s3", error)

    def _admitted(self, asked: Asked) -> Identity:
        """Refuse as AWS does: unknown keys, expired ones, missing permissions, and what the test scripted."""
        who = self.keys.get(asked.key)
        if who is None:
            code = "InvalidClientTokenId" if asked.service in ("sts", "iam") else "UnrecognizedClientException"
            raise Refusal(code, "The security token included in the request is invalid.", 403)
        if asked.key in self.expired:
            code = "ExpiredToken" if asked.service in ("sts", "iam") else "ExpiredTokenException"
            raise Refusal(code, "The security token included in the request is expired")
        name = f"{asked.service}:{asked.operation}"
        if name in self.denied:
            code = "AccessDenied" if asked.service in ("sts", "iam", "s3") else "AccessDeniedException"
            text = f"User: {who.arn} is not authorized to perform: {name} on resource: * because no identity-based"
            raise Refusal(code, f"{text} policy allows the {name} action", 400 if code[-1] == "n" else 403)
        for fault in self.faults:
            asked_before = not fault.after or self.count(fault.after) > 0
            if fault.operation == asked.operation and fault.times > 0 and asked_before:
                fault.times -= 1
                raise Refusal(fault.code, fault.message, fault.status)
        return who


def _unknown(asked: Asked, _who: Identity) -> dict[str, Any]:
    raise Refusal("UnknownOperationException", f"this double does no {asked.service}:{asked.operation}")


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve in a thread until the block ends."""
    opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        app = web.Application(client_max_size=8_000_000)
        app.router.add_post("/", server.handle)
        app.router.add_post("/{queue:.*}", server.handle)
        app.router.add_put("/{bucket}/{key:.*}", server.handle_put)
        app.router.add_get("/{bucket}", server.handle_get)
        app.router.add_get("/{bucket}/{key:.*}", server.handle_get)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", server.port).start()
        stop = asyncio.Event()
        opened.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="aws-double")
    thread.start()
    loop, stop = opened.result(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
    assert not server.wrong, "\n".join(server.wrong)
