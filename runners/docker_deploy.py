"""Kind `docker`: a release on this machine's engine, without a failed request.

Start the new container from its digest, wait until it is healthy, switch the proxy, drain the old one, stop it, keep a
few for looking back. Until the switch the old release is not touched; from the switch on the deploy is brought to its
end. Every step looks first whether it is done: a second call with the same key goes on where the first was interrupted.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from runners import health, options, proxy, releases
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.health import wait_until_healthy
from runners.proxy import Proxy, Upstream
from runners.registry import Logins
from runners.releases import Release
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service

T = TypeVar("T")

_KNOWN = {
    "network": options.text,
    "keep": options.count,
    "health_timeout": options.seconds,
    "stop_timeout": options.seconds,
    "drain_timeout": options.seconds,
    "memory": options.memory,
}


_ERRORS = {**releases.ERRORS, **health.ERRORS, **proxy.ERRORS}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """Seconds, and how many stopped containers stay."""

    health: float
    drain: float
    stop: int
    keep: int


class DockerRunner:
    """Options stand with the environment, or with the action, which wins."""

    kind = "docker"
    errors = _ERRORS
    exports = ("ADDRESS", "CONTAINER")

    def __init__(
        self, containers: Containers, proxy: Proxy, environ: Mapping[str, str], logins: Logins | None = None
    ) -> None:
        """Take the engine, the proxy, and where the registry's credentials are: in the environment, or in AWS."""
        self._logins = logins
        self._containers = containers
        self._proxy = proxy
        self._environ = environ

    def problems(self, options_: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with the options, of an action or of an environment."""
        return options.problems(options_, _KNOWN)

    async def run(self, work: Work, sink: Sink) -> Outcome:
        """Deploy the digest among the artifacts to the work's environment."""
        release = releases.of(work, self._containers.namespace)
        await self._proxy.ensure()
        if work.restores and await self._untouched(release):
            sink.line(f"{release.digest[:19]} still runs at {release.address}")
            return Outcome(unchanged=True, summary=f"{release.digest[:19]} still runs at {release.address}")
        try:
            upstream = await self._healthy(work, release, sink)
        except (asyncio.CancelledError, ActionFailed) as error:
            if not (isinstance(error, asyncio.CancelledError) and work.abandoned()):
                await releases.removed(self._containers, release)
            raise
        rest = asyncio.ensure_future(self._released(work, release, upstream, sink))
        return await _to_its_end(rest, work.abandoned)

    async def tail(self, service: Service, environment: Environment, since: datetime | None, lines: int) -> list[str]:
        """Give what the container writes that has the traffic."""
        try:
            return await releases.tail(self._containers, service.name, environment.name, since, lines)
        except EngineUnavailable as away:
            raise ActionFailed(
                f"the logs cannot be read: {away}",
                hint="see that the Docker engine runs",
                error="engine_unavailable",
            ) from away

    async def _untouched(self, release: Release) -> bool:
        upstream = await self._proxy.current(release.service, release.environment)
        return upstream is not None and await releases.still_running(self._containers, release, upstream.container)

    async def _healthy(self, work: Work, release: Release, sink: Sink) -> Upstream:
        await releases.pulled(self._containers, release, work.registry, self._environ, sink, self._logins)
        host = await releases.started(self._containers, release)
        sink.line(f"{release.container} started from {release.image}")
        took = await wait_until_healthy(
            self._containers,
            release.container,
            f"http://{host}:{release.port}{release.health}",
            _times(work).health,
            sink,
        )
        sink.line(f"{release.health} answered 200 after {took:.1f} s")
        await releases.kept_up(self._containers, release)
        return Upstream(release.container, f"{host}:{release.port}")

    async def _released(self, work: Work, release: Release, upstream: Upstream, sink: Sink) -> Outcome:
        if await self._proxy.current(release.service, release.environment) != upstream:
            try:
                await self._proxy.switch(release.service, release.environment, release.address, upstream)
            except ActionFailed:
                await releases.removed(self._containers, release)
                raise
            sink.line(f"{release.address} switched to {release.container}")
        await self._retire(release, _times(work), sink)
        return Outcome(
            artifacts={artifact.ADDRESS: release.address, artifact.CONTAINER: release.container},
            summary=f"{release.digest[:19]} at {release.address}",
        )

    async def _retire(self, release: Release, times: _Times, sink: Sink) -> None:
        for old in await releases.others_running(self._containers, release):
            await self._drained(old, times.drain, sink)
            await releases.stopped(self._containers, old.container, times.stop)
            sink.line(f"{old.container} stopped")
        for gone in await releases.pruned(self._containers, release, times.keep):
            sink.line(f"{gone} removed")

    async def _drained(self, old: Upstream, seconds: float, sink: Sink) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while left := await self._proxy.in_flight(old):
            if loop.time() > deadline:
                sink.line(f"{old.container} still answers {left} requests after {seconds:g} s; it is stopped")
                return
            await asyncio.sleep(0.1)


async def _to_its_end(rest: asyncio.Future[T], abandoned: Callable[[], bool]) -> T:
    """Wait for what must not be left half done; only the end of the process may interrupt it."""
    while True:
        try:
            return await asyncio.shield(rest)
        except asyncio.CancelledError:
            if rest.done() or abandoned():
                rest.cancel()
                raise


def _times(work: Work) -> _Times:
    def number(name: str, default: float) -> float:
        given = releases.option(work, name)
        return float(given) if isinstance(given, int | float) else default

    return _Times(
        health=number("health_timeout", 60),
        drain=number("drain_timeout", 30),
        stop=int(number("stop_timeout", 10)),
        keep=int(number("keep", work.service.keep.releases)),
    )
