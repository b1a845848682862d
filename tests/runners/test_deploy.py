"""A release on the real engine behind the real proxy, served by busybox's httpd."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runners import releases
from runners.aws.session import Clouds
from runners.containers import Containers
from runners.contract import ActionFailed, Outcome
from runners.docker_deploy import DockerRunner
from runners.dockerfile import DockerfileRunner
from runners.health import wait_until_healthy
from runners.proxy import Proxy
from runners.push import PushRunner
from runners.secrets import Secrets
from storage.model.catalog import Environment
from tests.registry import Registry, free_port
from tests.runners.bench import Bench, Notes

pytestmark = pytest.mark.docker
OPTIONS = {"health_timeout": 15, "stop_timeout": 1, "drain_timeout": 5, "keep": 1}


@pytest.fixture
async def proxy(engine: Any, tmp_path: Path) -> AsyncIterator[Proxy]:
    """A proxy with a namespace of its own."""
    containers = Containers(namespace=f"estiva-test-{uuid.uuid4().hex[:6]}")
    proxy = Proxy(containers, tmp_path / "proxy")
    yield proxy
    ours = containers.filters()
    for each in engine.containers(all=True, filters=ours):
        engine.remove_container(each["Id"], force=True, v=True)
    for each in engine.networks(filters=ours):
        engine.remove_network(each["Id"])
    for each in engine.images(filters=ours):
        engine.remove_image(each["Id"], force=True)
    containers.close()


@pytest.fixture
def site(bench: Bench, proxy: Proxy, registry: Registry) -> "Site":
    bench.containers = proxy.containers
    bench.environment = Environment(name="homolog", options=OPTIONS)
    bench.service = replace(bench.service, addresses={"homolog": f"http://127.0.0.1:{free_port()}"}, health="/healthz")
    return Site(bench, proxy, registry)


class Site:
    """Builds, pushes and deploys versions of a service."""

    def __init__(self, bench: Bench, proxy: Proxy, registry: Registry) -> None:
        self.bench = bench
        self.proxy = proxy
        self.registry = registry
        self.runner = DockerRunner(bench.containers, proxy, registry.environ, Secrets(registry.environ, Clouds()))
        self.address = bench.service.addresses["homolog"]

    async def pushed(self, version: str, *, command: str = "exec httpd -f -p 8000 -h /www") -> dict[str, str]:
        run = f"{self.bench.run}-{version}"
        dockerfile = (
            "FROM estiva/busybox:base\nRUN mkdir -p /www/cgi-bin && echo ok > /www/healthz "
            f"&& echo {version} > /www/version\nCOPY slow /www/cgi-bin/slow\nRUN chmod +x /www/cgi-bin/slow\n"
            f'CMD ["sh", "-c", "{command}"]\n'
        )
        slow = f"#!/bin/sh\nsleep 1\nprintf 'Content-Type: text/plain\\r\\n\\r\\n{version}\\n'\n"
        source = self.bench.source(
            {"Dockerfile": dockerfile, "slow": slow},
            run=run,
            commit=uuid.uuid5(uuid.NAMESPACE_DNS, version).hex + "0" * 8,
        )
        work = self.bench.work(artifacts=source, run=run)
        built = await DockerfileRunner(self.bench.containers, self.registry.environ).run(work, Notes())
        both = {**source, **built.artifacts}
        digest = await PushRunner(self.bench.containers, self.registry.environ).run(
            self.bench.work(artifacts=both, run=run), Notes()
        )
        return {**both, **digest.artifacts}

    async def deploy(self, version: str, artifacts: dict[str, str], notes: Notes | None = None, **more: Any) -> Outcome:
        work = self.bench.work(artifacts=artifacts, run=f"{self.bench.run}-{version}", stage="homolog", **more)
        return await self.runner.run(work, notes or Notes())

    async def stop(self, version: str, artifacts: dict[str, str]) -> None:
        """What the engine asks for of a cancelled run whose process died."""
        work = self.bench.work(artifacts=artifacts, run=f"{self.bench.run}-{version}", stage="homolog")
        await self.runner.stop(work)

    async def version(self) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.address}/version") as response:
            return (await response.text()).strip()


def _running(engine: Any, site: Site) -> list[str]:
    filters = site.bench.containers.filters(role="app")
    return sorted(each["Names"][0].rpartition("-")[2] for each in engine.containers(filters=filters))


async def test_deploys_switches_keeps_and_prunes(site: Site, engine: Any, notes: Notes) -> None:
    outcome = await site.deploy("v1", await site.pushed("v1"))
    assert outcome.artifacts["address"] == site.address
    assert await site.version() == "v1"
    second = await site.pushed("v2")
    await site.deploy("v2", second, notes)
    assert await site.version() == "v2"
    assert _running(engine, site) == ["v2"]
    third = await site.pushed("v3")
    await site.deploy("v3", third)
    kept = engine.containers(all=True, filters=site.bench.containers.filters(role="app"))
    assert sorted(each["Names"][0].rpartition("-")[2] for each in kept) == ["v2", "v3"]
    env = engine.inspect_container(f"{site.bench.containers.namespace}-hello-homolog-{site.bench.run}-v3")["Config"][
        "Env"
    ]
    assert f"ESTIVA_COMMIT={third['commit']}" in env
    await site.deploy("back", second)
    assert await site.version() == "v2", "a rollback is the same with an older digest"


async def test_a_run_puts_back_what_ran_before_it_and_finds_it_again(site: Site, engine: Any, notes: Notes) -> None:
    first = await site.pushed("v1")
    await site.deploy("v1", first)
    await site.deploy("v2", await site.pushed("v2"))
    back = site.bench.work(artifacts=first, run=f"{site.bench.run}-v2", stage="rollback-homolog", restores=True)
    outcome = await site.runner.run(back, Notes())
    assert await site.version() == "v1"
    assert (outcome.unchanged, outcome.artifacts["container"].endswith("-v2-back")) == (False, True)
    assert _running(engine, site) == ["back"]
    again = await site.runner.run(back, Notes())
    assert again.artifacts == outcome.artifacts
    later = replace(back, run=f"{site.bench.run}-v3", key="later/rollback-homolog/rollback/1")
    assert (await site.runner.run(later, notes)).unchanged
    assert "still runs at" in notes.text
    assert _running(engine, site) == ["back"]


async def test_first_deploys_at_the_same_time_share_one_network(site: Site, engine: Any) -> None:
    artifacts = await site.pushed("v1")
    containers = site.bench.containers
    works = [site.bench.work(artifacts=artifacts, run=f"hello-{number}", stage="homolog") for number in range(1, 7)]
    found = [releases.of(work, containers.namespace) for work in works]
    await asyncio.gather(*(releases.started(containers, release, release.containers[0], {}) for release in found))
    assert len(engine.networks(filters=containers.filters())) == 1


async def test_no_request_fails_during_a_switch(site: Site) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    second = await site.pushed("v2")
    answers: list[tuple[int, str]] = []
    over = asyncio.Event()

    async def ask(path: str) -> None:
        async with aiohttp.ClientSession() as session:
            while not over.is_set():
                async with session.get(f"{site.address}{path}") as response:
                    answers.append((response.status, (await response.text()).strip()))

    async with asyncio.TaskGroup() as clients:
        for path in ("/version", "/version", "/cgi-bin/slow", "/cgi-bin/slow"):
            clients.create_task(ask(path))
        await asyncio.sleep(0.5)
        await site.deploy("v2", second)
        await asyncio.sleep(0.5)
        over.set()
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} == {"v1", "v2"}
    assert answers[-1][1] == "v2"


@pytest.mark.parametrize(
    ("command", "reason", "said"),
    [
        ("echo cannot start; exit 3", "ended with exit code 3 before it was healthy", "cannot start"),
        ("echo up; rm /www/healthz; exec httpd -f -p 8000 -h /www", "not healthy after 1 s.*404", "up"),
    ],
)
async def test_a_sick_release_gets_no_traffic(
    site: Site, engine: Any, notes: Notes, command: str, reason: str, said: str
) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    sick = await site.pushed("sick", command=command)
    with pytest.raises(ActionFailed, match=reason):
        await site.deploy("sick", sick, notes, options={"health_timeout": 1})
    assert said in notes.lines
    assert await site.version() == "v1"
    assert len(engine.containers(all=True, filters=site.bench.containers.filters(role="app"))) == 1


@pytest.mark.parametrize(("wrote", "first"), [(41, "line 2"), (40, "line 1")])
async def test_the_log_of_a_sick_release_says_when_it_is_only_an_end(
    site: Site, notes: Notes, wrote: int, first: str
) -> None:
    sick = await site.pushed("sick", command=f"for i in $(seq 1 {wrote}); do echo line $i; done; exit 3")
    with pytest.raises(ActionFailed, match="exit code 3"):
        await site.deploy("sick", sick, notes)
    said = "the last 40 lines of the new container; it wrote more before them:"
    assert (said in notes.lines) is (wrote > 40)
    begun = notes.lines.index(first)
    assert notes.lines[begun:] == [f"line {n}" for n in range(wrote - 39, wrote + 1)]
    assert notes.lines[begun - 1] == said or wrote == 40


async def test_a_probe_hears_the_service_out(site: Site, engine: Any, notes: Notes) -> None:
    """Whoever is hung up on in the middle of an answer writes an error of its own into the log, at every probe."""
    ends: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Not Yet\r\nContent-Length: 6\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        try:
            writer.write(b"not ")
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(b"ye")
            await writer.drain()
            ends.append((await reader.read()).decode())
        except ConnectionError as error:
            ends.append(type(error).__name__)
        writer.close()

    await site.deploy("v1", await site.pushed("v1"))
    (container,) = engine.containers(filters=site.bench.containers.filters(role="app"))
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://{}:{}/healthz".format(*server.sockets[0].getsockname())
    async with server:
        with pytest.raises(ActionFailed, match="gave 503"):
            await wait_until_healthy(site.bench.containers, container["Id"], url, 1, notes)
    assert ends
    assert set(ends) == {""}


async def test_a_taken_port_is_named_and_nothing_stays(site: Site, engine: Any) -> None:
    artifacts = await site.pushed("v1")
    port = int(site.address.rpartition(":")[2])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(ActionFailed, match=f"port {port} is taken"):
            await site.deploy("v1", artifacts)
    assert not engine.containers(all=True, filters=site.bench.containers.filters(role="app"))


async def test_a_second_call_with_the_same_key_finds_everything_done(site: Site, engine: Any) -> None:
    artifacts = await site.pushed("v1")
    first = await site.deploy("v1", artifacts)
    assert await site.deploy("v1", artifacts) == first
    assert _running(engine, site) == ["v1"]


async def test_cancelling_before_the_switch_removes_the_new_container(site: Site, engine: Any, notes: Notes) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    slow = await site.pushed("slow", command="sleep 60")
    task = asyncio.create_task(site.deploy("slow", slow, notes))
    while len(_running(engine, site)) < 2:
        assert not task.done()
        await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert _running(engine, site) == ["v1"]


async def test_an_abandoned_deploy_goes_on_where_it_was(site: Site, engine: Any) -> None:
    late = await site.pushed("late", command="sleep 2; exec httpd -f -p 8000 -h /www")
    site.bench.abandoned = True
    task = asyncio.create_task(site.deploy("late", late))
    while not _running(engine, site):
        assert not task.done()
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _running(engine, site) == ["late"]
    await site.deploy("late", late)
    assert await site.version() == "late"
    assert _running(engine, site) == ["late"]


async def test_what_a_dead_process_left_of_a_deploy_is_removed_unless_it_serves(
    site: Site, engine: Any, notes: Notes
) -> None:
    first = await site.pushed("v1")
    await site.deploy("v1", first)
    await site.stop("v1", first)
    assert await site.version() == "v1"
    slow = await site.pushed("slow", command="sleep 60")
    site.bench.abandoned = True
    task = asyncio.create_task(site.deploy("slow", slow, notes))
    while len(_running(engine, site)) < 2:
        assert not task.done()
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await site.stop("slow", slow)
    assert _running(engine, site) == ["v1"]
    assert await site.version() == "v1"


async def test_cancelling_after_the_switch_finishes_the_deploy(site: Site, engine: Any, notes: Notes) -> None:
    await site.deploy("v1", await site.pushed("v1"))
    second = await site.pushed("v2")
    async with aiohttp.ClientSession() as session:
        held = asyncio.create_task(session.get(f"{site.address}/cgi-bin/slow"))
        await asyncio.sleep(0.2)
        task = asyncio.create_task(site.deploy("v2", second, notes))
        while "switched" not in notes.text:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        outcome = await task
        (await held).release()
    assert outcome.artifacts["container"].endswith("v2")
    assert _running(engine, site) == ["v2"]


async def test_the_proxy_survives_a_kill_and_mends_changed_addresses(site: Site, engine: Any) -> None:
    artifacts = await site.pushed("v1")
    outcome = await site.deploy("v1", artifacts)
    namespace, name = site.bench.containers.namespace, outcome.artifacts["container"]
    engine.kill(f"{namespace}-proxy")
    engine.disconnect_container_from_network(name, namespace)
    engine.connect_container_to_network(name, namespace, ipv4_address=None)
    blocker = engine.create_container("estiva/busybox:base", "sleep 60", labels=site.bench.containers.labels(role="x"))
    engine.disconnect_container_from_network(name, namespace)
    engine.connect_container_to_network(blocker["Id"], namespace)
    engine.start(blocker["Id"])
    engine.connect_container_to_network(name, namespace)
    await site.proxy.reconcile()
    assert await site.version() == "v1"
    (current,) = await site.proxy.current("hello", "homolog")
    assert current.container == name
    await site.proxy.forget("hello", "homolog")
    assert await site.proxy.current("hello", "homolog") == ()


async def test_says_what_is_missing(site: Site) -> None:
    with pytest.raises(ActionFailed, match="no image digest"):
        await site.deploy("v1", {})
    with pytest.raises(ActionFailed, match="is not in the registry"):
        await site.deploy("v1", {"digest": "sha256:" + "0" * 64})
    site.bench.service = replace(site.bench.service, addresses={})
    with pytest.raises(ActionFailed, match="no address in homolog"):
        await site.deploy("v1", {"digest": "sha256:" + "0" * 64})
