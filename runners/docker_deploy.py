"""Kind `docker`: a release on this machine's engine, without a failed request.

Run what comes before it, start the new containers from its digest, wait until they are healthy, switch the proxy,
drain the old ones, stop them, keep a few for looking back. Where only their number changes, those that serve go on.
Until the switch the old release is not touched; from the switch on the deploy is brought to its end. Every step looks
first whether it is done: a second call with the same key goes on where the first was interrupted.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from runners import before, health, job, oneoff, options, proxy, releases, secrets
from runners.aws.session import Visitor
from runners.before import due, tasks_of
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed, Outcome, Sink, Work
from runners.health import wait_until_healthy
from runners.oneoff import OneOff
from runners.proxy import Proxy, Upstream
from runners.registry import Logins
from runners.releases import Release
from runners.secrets import Secrets
from runners.tail import tail
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service
from storage.model.worded import worded

T = TypeVar("T")

_KNOWN = {
    "network": options.text,
    "keep": options.count,
    "health_timeout": options.seconds,
    "stop_timeout": options.seconds,
    "drain_timeout": options.seconds,
    "memory": options.memory,
    before.OPTION: oneoff.problem,
}


_ERRORS = {**releases.ERRORS, **health.ERRORS, **proxy.ERRORS, **secrets.ERRORS, **oneoff.ERRORS}


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
    by_service = (before.OPTION,)
    most = 32

    def __init__(
        self,
        containers: Containers,
        proxy: Proxy,
        environ: Mapping[str, str],
        secrets: Secrets,
        logins: Logins | None = None,
    ) -> None:
        """Take the engine, the proxy, and where the registry's credentials and the services' secrets are."""
        self._secrets = secrets
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
        there = await self._there(release)
        if work.restores and _untouched(release, there):
            still = worded("{digest} still runs at {address}", digest=release.digest[:19], address=release.address)
            sink.line(still)
            return Outcome(unchanged=True, summary=still)
        try:
            upstreams = await self._all_healthy(work, release, tuple(there) if work.scales else (), sink)
        except (asyncio.CancelledError, ActionFailed) as error:
            if not (isinstance(error, asyncio.CancelledError) and work.abandoned()):
                await self._removed(work, release)
            raise
        rest = asyncio.ensure_future(self._released(work, release, upstreams, sink))
        return await _to_its_end(rest, work.abandoned)

    async def stop(self, work: Work) -> None:
        """Remove what a dead process started of a release, unless it has the traffic already: then it stays.

        Raises `RuntimeError` when the proxy does not say.
        """
        release = releases.of(work, self._containers.namespace)
        serving = await self._proxy.serving()
        if serving is None:
            raise RuntimeError("the proxy does not say who has the traffic")
        if not serving & {*release.containers}:
            await self._removed(work, release)

    async def tail(self, service: Service, environment: Environment, since: datetime | None, lines: int) -> list[str]:
        """Give what the containers write that have the traffic."""
        try:
            serving = await self._proxy.serving()
            return await tail(self._containers, service.name, environment.name, serving or (), since, lines)
        except EngineUnavailable as away:
            raise ActionFailed(
                worded("the logs cannot be read: {away}", away=away.reason),
                error="engine_unavailable",
            ) from away

    async def configuration(self, service: Service, environment: Environment) -> Mapping[str, str]:
        """Say where the service's secrets are there, and in which version."""
        return await self._secrets.pinned(service, environment)

    async def _removed(self, work: Work, release: Release) -> None:
        """Leave nothing of a release that does not come about: neither what ran before it nor its containers."""
        await job.stopped(self._containers, work)
        await releases.removed(self._containers, release)

    async def _there(self, release: Release) -> dict[Upstream, str]:
        """Give what serves this very image already, in the proxy's order, and the run that started it."""
        running = await releases.running_already(self._containers, release)
        serving = await self._proxy.current(release.service, release.environment)
        return {each: running[each.container] for each in serving if each.container in running}

    async def _all_healthy(
        self, work: Work, release: Release, kept: Sequence[Upstream], sink: Sink
    ) -> tuple[Upstream, ...]:
        """Give as many as are to serve: those that go on, and new ones for the rest."""
        kept = tuple(kept[: len(release.containers)])
        names = release.containers[: len(release.containers) - len(kept)]
        values: Mapping[str, str] = {}
        if names:
            # what goes on after a crash has its secrets: whether they can be read now is no matter of it any more
            made = await releases.all_made(self._containers, release, names)
            if release.secrets and not made:
                values = await self._secrets.read(work)
            await releases.pulled(
                self._containers, release, work.registry, self._environ, sink, self._logins, Visitor.of(work)
            )
            if not made:
                first = due(work, tasks_of(releases.option(work, before.OPTION), release.service))
                await OneOff(containers=self._containers, work=work, release=release, sink=sink).run(first, values)
        return kept + tuple(await _together(self._healthy(work, release, name, values, sink) for name in names))

    async def _healthy(
        self, work: Work, release: Release, name: str, values: Mapping[str, str], sink: Sink
    ) -> Upstream:
        host = await releases.started(self._containers, release, name, values)
        sink.line(f"{name} started from {release.image}")
        address = f"{host}:{release.port}"
        url = f"http://{address}{release.health}"
        took = await wait_until_healthy(self._containers, name, url, _times(work).health, sink)
        sink.line(f"{release.health} answered 200 after {took:.1f} s")
        await releases.kept_up(self._containers, name)
        return Upstream(name, address)

    async def _released(self, work: Work, release: Release, upstreams: tuple[Upstream, ...], sink: Sink) -> Outcome:
        names = [each.container for each in upstreams]
        if await self._proxy.current(release.service, release.environment) != upstreams:
            try:
                await self._proxy.switch(release.service, release.environment, release.address, upstreams)
            except ActionFailed:
                await releases.removed(self._containers, release)
                raise
            sink.line(f"{release.address} switched to {', '.join(names)}")
        await self._retire(release, names, _times(work), sink)
        return Outcome(
            artifacts={artifact.ADDRESS: release.address, artifact.CONTAINER: names[0]},
            summary=_summary(release),
        )

    async def _retire(self, release: Release, serving: Collection[str], times: _Times, sink: Sink) -> None:
        old = await releases.others_running(self._containers, release, serving)
        await _together(self._out_of_service(each, times, sink) for each in old)
        for gone in await releases.pruned(self._containers, release, times.keep):
            sink.line(f"{gone} removed")

    async def _out_of_service(self, old: Upstream, times: _Times, sink: Sink) -> None:
        await self._drained(old, times.drain, sink)
        await releases.stopped(self._containers, old.container, times.stop)
        sink.line(f"{old.container} stopped")

    async def _drained(self, old: Upstream, seconds: float, sink: Sink) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while left := await self._proxy.in_flight(old):
            if loop.time() > deadline:
                sink.line(f"{old.container} still answers {left} requests after {seconds:g} s; it is stopped")
                return
            await asyncio.sleep(0.1)


def _untouched(release: Release, there: Mapping[Upstream, str]) -> bool:
    """Tell whether all of the release serves as it did before this run."""
    return release.run not in there.values() and len(there) == len(release.containers)


def _summary(release: Release) -> str:
    names = {"digest": release.digest[:19], "address": release.address}
    if release.containers[1:]:
        return worded("{digest} x {count} at {address}", **names, count=len(release.containers))
    return worded("{digest} at {address}", **names)


async def _together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at once; when one fails, none of the others goes on."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
