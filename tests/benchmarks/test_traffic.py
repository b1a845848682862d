"""No request fails while releases come and go: keep-alive, connections anew, slow answers, without pause."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from runners.containers import Containers
from runners.contract import ActionFailed
from runners.docker_deploy import DockerRunner
from runners.dockerfile import DockerfileRunner
from runners.kinds import Tools
from runners.push import PushRunner
from storage.model.catalog import Environment, Service
from tests.benchmarks.measured import load, percentile
from tests.registry import Registry, free_port
from tests.runners.bench import Bench, Notes
from tests.sweep.outside import Docker
from tests.sweep.scene import ROOT

DEPLOYS, LEAST = 4, 5_000
SICK = "import time; time.sleep(60)\n"
HELLO = ROOT / "examples" / "services" / "hello"


@dataclass
class Clients:
    """People who never rest."""

    address: str
    over: asyncio.Event = field(default_factory=asyncio.Event)
    took: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)

    async def keep_alive(self, path: str = "/") -> None:
        async with aiohttp.ClientSession() as session:
            while not self.over.is_set():
                await self._ask(session, path)

    async def anew(self) -> None:
        while not self.over.is_set():
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
                await self._ask(session, "/")

    async def _ask(self, session: aiohttp.ClientSession, path: str) -> None:
        began = time.monotonic()
        try:
            async with session.get(self.address + path) as answer:
                text = await answer.text()
                if answer.status != 200:
                    self.failed[f"{path}: {answer.status} {text[:80]}"] += 1
                if path == "/":
                    self.versions[text.partition("<code>")[2][:7]] += 1
        except aiohttp.ClientError as error:
            self.failed[f"{path}: {type(error).__name__} {error}"] += 1
        if path == "/":
            self.took.append(time.monotonic() - began)


@pytest.fixture
async def bench(registry: Registry, tmp_path: Path) -> AsyncIterator[Bench]:
    docker = Docker(f"bench-{uuid4().hex[:6]}")
    address = f"http://127.0.0.1:{free_port()}"
    service = Service(
        name="hello",
        repository="unused",
        image=f"{registry.host}/traffic",
        port=8000,
        health="/healthz",
        addresses={"homolog": address},
    )
    containers = Containers(namespace=docker.namespace)
    yield Bench(
        containers=containers,
        registry=registry.catalog,
        root=tmp_path,
        service=service,
        environment=Environment(name="homolog", options={"health_timeout": 4}),
    )
    containers.close()
    docker.close()
    docker.forget_images(service.image)


async def image(bench: Bench, registry: Registry, commit: str, *, sick: bool = False) -> dict[str, str]:
    """Build and push a version of hello; a sick one never answers."""
    artifacts = bench.source({}, run=commit, commit=commit)
    source = Path(artifacts["source"])
    shutil.copytree(HELLO, source)
    if sick:
        (source / "hello.py").write_text(SICK)
    (source / "tests" / "stamp").write_text(commit)
    work = bench.work({"args": {"COMMIT": commit}}, artifacts, run=commit)
    built = await DockerfileRunner(bench.containers, registry.environ).run(work, Notes())
    work = bench.work(artifacts={**artifacts, **built.artifacts}, run=commit)
    pushed = await PushRunner(bench.containers, registry.environ).run(work, Notes())
    return {**artifacts, **built.artifacts, **pushed.artifacts}


@pytest.mark.bench
@pytest.mark.timeout(400)
async def test_no_request_fails_during_deploys(bench: Bench, registry: Registry) -> None:
    commits = [f"{number}{uuid4().hex}{uuid4().hex}"[:40] for number in range(DEPLOYS + 1)]
    images = [await image(bench, registry, commit) for commit in commits]
    sick = await image(bench, registry, uuid4().hex + "0" * 8, sick=True)
    tools = Tools(data=bench.root / "t", namespace=bench.containers.namespace, environ=registry.environ)
    runner = DockerRunner(bench.containers, tools.proxy, registry.environ, tools.secrets)
    clients = Clients(bench.service.addresses["homolog"])

    async def deploy(commit: str, artifacts: dict[str, str]) -> Any:
        work = bench.work(artifacts=artifacts, run=f"hello-{commit[:9]}", stage="homolog")
        return await runner.run(replace(work, service=bench.service), Notes())

    await deploy(commits[0], images[0])
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(clients.keep_alive())
            group.create_task(clients.anew())
        for _ in range(4):
            group.create_task(clients.keep_alive("/slow"))
        for commit, artifacts in zip(commits[1:], images[1:], strict=True):
            await asyncio.sleep(1)
            await deploy(commit, artifacts)
        with pytest.raises(ActionFailed, match="not healthy"):
            await deploy("sick", sick)
        while len(clients.took) < LEAST:  # noqa: ASYNC110 - they count by themselves
            await asyncio.sleep(0.2)
        clients.over.set()
    seconds = time.monotonic() - began
    tools.close()
    failed = sum(clients.failed.values())
    print(f"\n{len(clients.took)} requests during {DEPLOYS} deploys and a sick one, {seconds:.0f} s: {failed} failed")
    told = ", ".join(f"{share:.0%} {percentile(clients.took, share) * 1000:.0f} ms" for share in (0.5, 0.99, 1))
    print(f"  {told}; {load()}")
    assert not clients.failed
    assert set(clients.versions) == {commit[:7] for commit in commits}
