"""The Docker engine, asked from our own threads: short questions, and streams that cancellation really stops.

The SDK is synchronous. Questions and streams have a pool each, so that fifty followed logs never hold up one `inspect`.
A stream gets a client of its own: the engine stops a build only when the socket under its response is shut down;
leaving the loop or closing the generator does nothing (measured).
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

from runners.contract import Away
from storage.model.worded import worded

T = TypeVar("T")

DEFAULT_URL = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
_LOST = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
_SECONDS = 600
_PENDING = 64
"""Items of a stream that may wait for the loop before the reading thread waits too."""


class EngineUnavailable(Away):
    """The Docker engine does not answer."""


class Containers:
    """The engine of this machine, as one installation of Estiva sees it.

    `namespace` keeps installations on one engine apart: it begins every name and stands in a label on every object.
    """

    def __init__(
        self, *, namespace: str = "estiva", url: str = DEFAULT_URL, streams: int = 64, seconds: int = _SECONDS
    ) -> None:
        """Take where the engine listens, how many builds and logs may be followed at once, and the patience.

        `seconds` without a byte from the engine end an answer; the stream of a build or a log may be silent for longer.
        """
        if not url.startswith("unix://"):
            raise ValueError(f"Estiva speaks to an engine over its unix socket; {url} is none")
        self.namespace = namespace
        self.url = url
        self._seconds = seconds
        self._questions = ThreadPoolExecutor(8, thread_name_prefix="docker-ask")
        self._streams = ThreadPoolExecutor(streams, thread_name_prefix="docker-stream")
        self._own = threading.local()
        self._clients: list[_Client] = []

    @property
    def socket(self) -> str:
        """Path of the engine's socket on this machine."""
        return self.url.removeprefix("unix://")

    def labels(self, **more: str) -> dict[str, str]:
        """Labels for an object of ours: `labels(key=..., run=...)` -> `estiva.key`, `estiva.run`."""
        return {"estiva.namespace": self.namespace, **{f"estiva.{name}": value for name, value in more.items()}}

    def filters(self, **more: str) -> dict[str, list[str]]:
        """Filter of the engine's lists that finds objects with all these labels."""
        return {"label": [f"{name}={value}" for name, value in self.labels(**more).items()]}

    async def ask(self, question: Callable[[APIClient], T]) -> T:
        """Ask one short question in a thread of ours.

        On cancellation waits for the answer first, so that whoever cleans up afterwards sees everything that was made.
        Raises `EngineUnavailable`, and the SDK's `APIError` for what the engine refuses.
        """
        future = asyncio.get_running_loop().run_in_executor(self._questions, self._asked, question)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future})
            if not future.cancelled():
                future.exception()  # was asked for by nobody any more
            raise

    async def stream(self, opened: Callable[[APIClient], Iterable[T]], take: Callable[[T], None]) -> None:
        """Read a stream of the engine to its end; `take` gets each item on the loop.

        Cancellation shuts the stream's socket down and waits (at most 2 s) until its thread has ended.
        """
        reading = _Reading(self._new_client, opened, take)
        future = asyncio.get_running_loop().run_in_executor(self._streams, reading.read)
        try:
            await asyncio.wait({future})
            while reading.waiting:  # also of a stream that broke off
                reading.take_one()
                await asyncio.sleep(0)
            await future
        except asyncio.CancelledError:
            reading.stop()
            await asyncio.wait({future}, timeout=2)
            if future.done() and not future.cancelled():
                future.exception()
            raise

    def close(self) -> None:
        """Let the threads go; streams that are still open end with the process."""
        self._questions.shutdown(wait=False, cancel_futures=True)
        for client in self._clients:
            client.finish()
        self._streams.shutdown(wait=False, cancel_futures=True)

    def _asked(self, question: Callable[[APIClient], T]) -> T:
        if not hasattr(self._own, "client"):
            self._own.client = self._new_client()
            self._clients.append(self._own.client)
        try:
            return question(self._own.client)
        except APIError:
            raise
        except _LOST as error:
            raise self._unavailable(error) from error

    def _new_client(self) -> "_Client":
        try:
            return _Client(self.url, self._seconds)
        except (DockerException, *_LOST) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseException) -> EngineUnavailable:
        return EngineUnavailable(
            worded(
                "the Docker engine at {url} does not answer ({error}). "
                "Start it (`systemctl start docker`, or `dockerd`) "
                "and see that this user may use its socket; then retry.",
                url=self.url,
                error=type(error).__name__,
            )
        )


class _Connection(UnixHTTPConnection):
    """A connection whose socket is noted down: the SDK leaves them to the garbage collector."""

    opened: list[socket.socket]

    def putrequest(self, method: str, url: str, *rest: Any, **more: Any) -> None:
        """Ask for a log as HTTP 1.0 does: else each entry is a chunk, which costs more than what is in it."""
        log = method == "GET" and url.partition("?")[0].endswith("/logs")
        self._http_vsn, self._http_vsn_str = (10, "HTTP/1.0") if log else (11, "HTTP/1.1")
        super().putrequest(method, url, *rest, **more)

    def connect(self) -> None:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.opened[:] = [*(each for each in self.opened if each.fileno() >= 0), opened]
        opened.settimeout(self.timeout)
        try:
            opened.connect(self.unix_socket)
        except OSError:
            opened.close()
            raise
        self.sock = opened


class _Adapter(UnixHTTPAdapter):
    """One pool of connections (the SDK has one for each address that was ever asked)."""

    def __init__(self, url: str, seconds: int) -> None:
        super().__init__(url.replace("unix://", "http+unix://"), timeout=seconds)
        self.opened: list[socket.socket] = []
        self._pool = _Pool(url, self.socket_path, seconds)
        self._pool.opened, self._pool.seconds = self.opened, seconds

    def get_connection(self, url: Any, proxies: Any = None) -> Any:  # noqa: ARG002 - the SDK's signature
        return self._pool


class _Pool(UnixHTTPConnectionPool):
    opened: list[socket.socket]
    seconds: int

    def _new_conn(self) -> Any:
        connection = _Connection(self.base_url, self.socket_path, self.seconds)
        connection.opened = self.opened
        return connection


class _Client(APIClient):
    """The SDK's client, with a way to the sockets underneath."""

    def __init__(self, url: str, seconds: int) -> None:
        super().__init__(base_url=url, version="1.24", timeout=seconds)
        self._adapter = _Adapter(url, seconds)
        self._custom_adapter = self._adapter
        self.mount("http+docker://", self._adapter)
        self._version = str(self.version(api_version=False)["ApiVersion"])

    def cut(self) -> None:
        """Shut down every connection, from whatever thread: whoever reads from one sees its end."""
        for each in list(self._adapter.opened):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Close everything; for the thread that used it, or after its end."""
        self.cut()
        for each in self._adapter.opened:
            if each.fileno() >= 0:
                os.close(each.detach())  # whatever responses still hold it
        self.close()


class _Reading:
    """One stream being read in a thread, its items handed to the loop."""

    def __init__(
        self, new_client: Callable[[], _Client], opened: Callable[[APIClient], Iterable[T]], take: Callable[[T], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._new_client = new_client
        self._opened = opened
        self._take = take
        self._room = threading.Semaphore(_PENDING)
        self.waiting: deque[Any] = deque()
        self._called = threading.Event()
        """The loop will come for what is waiting: it is called once for many items, which come faster than it does."""
        self._stopped = threading.Event()
        self._client: _Client | None = None

    def read(self) -> None:
        self._client = self._new_client()
        try:
            for item in self._opened(self._client):
                if self._stopped.is_set():
                    self._client.cut()
                    return
                self._hand_over(item)
        except APIError:
            raise
        except _LOST as error:
            if not self._stopped.is_set():
                raise EngineUnavailable(
                    worded(
                        "the connection to the Docker engine was lost ({error}); "
                        "see that it runs (`docker version`), then retry.",
                        error=type(error).__name__,
                    )
                ) from error
        finally:
            self._client.finish()

    def stop(self) -> None:
        self._stopped.set()
        if self._client is not None:
            self._client.cut()

    def _hand_over(self, item: Any) -> None:
        while not self._room.acquire(timeout=0.5):
            if self._stopped.is_set():
                return
        self.waiting.append(item)
        if not self._called.is_set():
            self._called.set()
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._come)

    def _come(self) -> None:
        self._called.clear()  # first: what comes from now on calls again
        if self.waiting:
            self.take_one()
        if self.waiting and not self._called.is_set():
            self._called.set()
            self._loop.call_soon(self._come)

    def take_one(self) -> None:
        """Take an item that waits, on the loop; others have their turn before the next: it may be much of a log."""
        item = self.waiting.popleft()
        self._room.release()
        if not self._stopped.is_set():
            self._take(item)
