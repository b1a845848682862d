"""The reverse proxy of this machine: Caddy in a container, told over a unix socket where each release answers.

One server per service and environment. A switch replaces its upstreams in one atomic change of the configuration, which
Caddy writes down itself: after a restart of the machine it serves the same again. Each upstream has the name of its
container, so that a changed address can be mended (`reconcile`). The socket lies in a directory that only we may enter:
whoever reaches it rules all traffic.
"""

import asyncio
import errno
import json
import logging
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from runners import caddy
from runners.alone import alone
from runners.containers import Containers
from runners.contract import ActionFailed
from storage.model.worded import worded

ERRORS = {
    "bad_address": "the service's address is missing, or this machine cannot listen there",
    "port_taken": "another program listens at the service's address",
}
_log = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_LONGEST_SOCKET = 100
"""Bytes: the kernel takes 107."""
_SHARED = {
    "load_balancing": {"selection_policy": {"policy": "least_conn"}, "retries": 2},
    "health_checks": {"passive": {"fail_duration": "5s", "max_fails": 1}},
}
"""Where several containers answer: one that cannot be reached is left out for a while, and its request goes to another.

A container that is alone is asked again at once, however it answered: there is nothing else to turn to.
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """One container, and the address where it answers: `172.18.0.3:8000`."""

    container: str
    dial: str


class Proxy:
    """Where each service answers in each environment."""

    def __init__(self, containers: Containers, directory: Path) -> None:
        """Take the engine, and the directory for Caddy's socket and configuration."""
        self.containers = containers
        self._directory = directory.resolve()
        self._socket = self._directory / "admin.sock"
        self._lock = asyncio.Lock()

    async def ensure(self) -> None:
        """See that the proxy runs and answers. Raises `RuntimeError` when it cannot be brought to."""
        if len(str(self._socket)) > _LONGEST_SOCKET:
            raise RuntimeError(
                f"the path of the proxy's socket is too long: {self._socket}; use a shorter data directory"
            )
        async with self._one_at_a_time():
            if await self._answers():
                return
            await caddy.start(self.containers, self._directory)
            for _ in range(100):
                if await self._answers():
                    return
                await asyncio.sleep(0.1)
        said = "; ".join(await caddy.last_lines(self.containers))
        raise RuntimeError(f"the proxy {caddy.name(self.containers)} does not answer at {self._socket}: {said}")

    async def switch(self, service: str, environment: str, address: str, upstreams: Sequence[Upstream]) -> None:
        """Spread all new requests at `address` over the upstreams; those under way stay where they are.

        Raises `ActionFailed` when something else listens at the address.
        """
        listen = listen_address(address)
        async with self._one_at_a_time():
            path = _path(service, environment)
            server = await self._ask("GET", path)
            if server and server["listen"] == [listen]:
                await self._tell("PATCH", f"{path}/routes/0/handle/0", _handler(upstreams))
                return
            _refuse_taken(listen, address)
            await self._tell("POST", path, _server(listen, upstreams))

    async def current(self, service: str, environment: str) -> tuple[Upstream, ...]:
        """Say where the requests go now; nowhere before the first switch."""
        return _upstreams(await self._ask("GET", _path(service, environment)))

    async def serving(self) -> set[str] | None:
        """Name the containers that get requests now; `None` when there is a proxy and it does not say."""
        try:
            servers: Mapping[str, Any] = await self._ask("GET", "/config/apps/http/servers") or {}
        except (aiohttp.ClientError, OSError, RuntimeError, TimeoutError):
            return None if await caddy.exists(self.containers) else set()
        return {upstream.container for server in servers.values() for upstream in _upstreams(server)}

    async def in_flight(self, upstream: Upstream) -> int:
        """Count the requests that an upstream is still answering."""
        counts = await self._ask("GET", "/reverse_proxy/upstreams")
        return sum(each["num_requests"] for each in counts or () if each["address"] == upstream.dial)

    async def forget(self, service: str, environment: str) -> None:
        """Stop listening for a service in an environment."""
        async with self._one_at_a_time():
            if await self._ask("GET", _path(service, environment)):
                await self._tell("DELETE", _path(service, environment))

    async def reconcile(self) -> None:
        """Mend what a restart of the engine changed: containers come back under other addresses. Called at start."""
        if not await caddy.exists(self.containers):
            return
        await self.ensure()
        servers: Mapping[str, Any] = await self._ask("GET", "/config/apps/http/servers") or {}
        for name, server in servers.items():
            before = _upstreams(server)
            now = [await self._now(upstream) for upstream in before]
            if tuple(now) != before:
                path = f"/config/apps/http/servers/{name}/routes/0/handle/0/upstreams"
                await self._tell("PATCH", path, [_json(upstream) for upstream in now])

    async def remove(self) -> None:
        """Remove the proxy and stop all traffic through it."""
        await caddy.remove(self.containers)

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        """Keep apart what would meet: here, and in other processes on the same data folder."""
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        async with self._lock, alone(self._directory.with_suffix(".lock")):
            yield

    async def _now(self, upstream: Upstream) -> Upstream:
        """Give where a container answers now; as it was when it does not run."""
        host = await caddy.address_of(self.containers, upstream.container)
        now = Upstream(upstream.container, f"{host}:{upstream.dial.rpartition(':')[2]}") if host else upstream
        if now != upstream:
            _log.warning("%s answers at %s now, no longer at %s", now.container, now.dial, upstream.dial)
        return now

    async def _answers(self) -> bool:
        if not self._socket.is_socket():
            return False
        try:
            await self._ask("GET", "/config/")
        except aiohttp.ClientConnectionError:
            return False
        return True

    async def _tell(self, method: str, path: str, body: Any = None) -> None:
        await self._ask(method, path, body)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connector = aiohttp.UnixConnector(str(self._socket))
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session,
            session.request(method, f"http://127.0.0.1{path}", json=body) as response,
        ):
            text = await response.text()
            if response.status == 404 or (method == "GET" and response.status == 400):  # noqa: PLR2004
                return None  # no such path in the configuration yet
            if response.status != 200:  # noqa: PLR2004
                raise RuntimeError(f"the proxy refused {method} {path}: {text.strip()[:300]}")
            return json.loads(text) if text.strip() else None


def listen_address(address: str) -> str:
    """Host and port to listen at for `http://127.0.0.1:18081`."""
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname:
        raise ActionFailed(
            worded("the address {address} is not of the form http://host:port", address=address),
            hint=worded("mend it in the catalog, under addresses"),
            error="bad_address",
        )
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return f"{host}:{parts.port or 80}"


def _refuse_taken(listen: str, address: str) -> None:
    """Try the address ourselves: Caddy would share the port with another Caddy without a word (SO_REUSEPORT)."""
    host, _, port = listen.rpartition(":")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(port)))
    except PermissionError:
        return  # a low port: we may not try it, the proxy may listen there
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ActionFailed(
                worded("port {port} is taken: another program listens at {listen}", port=port, listen=listen),
                hint=worded(
                    "stop it (`ss -ltnp 'sport = :{port}'` shows it), or change the service's address ({address})",
                    port=port,
                    address=address,
                ),
                error="port_taken",
            ) from error
        raise ActionFailed(
            worded("this machine cannot listen at {listen}: {error}", listen=listen, error=error.strerror or error),
            hint=worded("addresses in the catalog must be this machine's own"),
            error="bad_address",
        ) from error


def _path(service: str, environment: str) -> str:
    return f"/config/apps/http/servers/{service}.{environment}"


def _server(listen: str, upstreams: Sequence[Upstream]) -> dict[str, Any]:
    return {"listen": [listen], "automatic_https": {"disable": True}, "routes": [{"handle": [_handler(upstreams)]}]}


def _handler(upstreams: Sequence[Upstream]) -> dict[str, Any]:
    return {
        "handler": "reverse_proxy",
        "upstreams": [_json(upstream) for upstream in upstreams],
        # idle connections would keep a server that waits for them from stopping
        "transport": {"protocol": "http", "keep_alive": {"idle_timeout": "2s"}},
        **(_SHARED if upstreams[1:] else {}),
    }


def _json(upstream: Upstream) -> dict[str, str]:
    return {"@id": upstream.container, "dial": upstream.dial}


def _upstreams(server: Any) -> tuple[Upstream, ...]:
    every = server["routes"][0]["handle"][0]["upstreams"] if server else ()
    return tuple(Upstream(each["@id"], each["dial"]) for each in every)
