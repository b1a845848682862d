"""How much of a service's past stays, with real images, a real registry and a real store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runners import registry as remote
from runners.containers import Containers
from runners.dockerfile import DockerfileRunner
from runners.images import Images
from runners.push import PushRunner
from runners.retention import Retention
from storage.model import artifact
from storage.model.catalog import Catalog, Environment, Keep, Service
from storage.model.event import Fact, Kind
from storage.model.run import Plan, Run, Status, Trigger
from storage.store import Store
from tests.registry import Registry
from tests.runners.bench import Bench, Notes
from tests.storage.nouns import asked, released

pytestmark = pytest.mark.docker
HOMOLOG = Environment(name="homolog")


@dataclass
class Shed:
    """Builds, pushes and releases versions of one service, and forgets the old ones."""

    engine: Any
    bench: Bench
    store: Store
    registry: Registry
    keep: Keep
    ahead: timedelta = timedelta(0)
    runs: int = 0

    @property
    def service(self) -> Service:
        return replace(self.bench.service, keep=self.keep)

    @property
    def retention(self) -> Retention:
        catalog = Catalog(
            services={"hello": self.service},
            environments={"homolog": HOMOLOG},
            people={},
            grants=(),
            registry=self.bench.registry,
        )
        images = Images(self.bench.containers)
        return Retention(self.store, images, lambda: catalog, self.registry.environ, self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def opened(self, artifacts: dict[str, str] | None = None) -> Run:
        self.runs += 1
        request = asked(self.runs)
        await self.store.requests.accept(request)
        plan = Plan(
            service=self.service,
            environment=HOMOLOG,
            trigger=Trigger.DEPLOY,
            ref="main",
            stages=(),
            artifacts=artifacts or {},
        )
        run = await self.store.runs.open(request, plan)
        await self.store.runs.begin_leg(run.id, 1)
        return run

    async def version(self, *, release: bool = False) -> dict[str, str]:
        """Build and push one, in a run that ends well; gives what it made."""
        run = await self.opened()
        commit = f"{self.runs:07d}" + "0" * 33
        files = {"Dockerfile": f"FROM estiva/busybox:base\nRUN echo {self.runs} > /version\n"}
        source = self.bench.source(files, run=run.id, commit=commit)
        work = self.bench.work(artifacts=source, run=run.id)
        built = await DockerfileRunner(self.bench.containers, self.registry.environ).run(work, Notes())
        both = self.bench.work(artifacts={**source, **built.artifacts}, run=run.id)
        pushed = await PushRunner(self.bench.containers, self.registry.environ).run(both, Notes())
        made = {**built.artifacts, **pushed.artifacts}
        data = {"stage": "push", "action": "push", "attempt": 1, "artifacts": made}
        await self.store.journal.append(Fact(kind=Kind.ACTION_SUCCEEDED, actor="estiva", run=run.id, data=data))  # type: ignore[arg-type]
        if release:
            await self.store.releases.record(released(run, made[artifact.DIGEST]))
        await self.store.runs.finish(run.id, Status.SUCCEEDED)
        return made

    def tags(self) -> set[str]:
        there = self.engine.images(name=self.service.image)
        return {name.rpartition(":")[2] for each in there for name in each["RepoTags"] or () if "<none>" not in name}

    async def in_registry(self, made: dict[str, str]) -> bool:
        login = self.registry.environ
        known = {"username": login["TEST_REGISTRY_USERNAME"], "password": login["TEST_REGISTRY_PASSWORD"]}
        return await remote.manifest(self.service.image, made[artifact.DIGEST], known) is not None

    async def facts(self, kind: Kind) -> list[Any]:
        return [event.data for event in await self.store.journal.page(limit=1000) if event.kind is kind]


@pytest.fixture
async def shed(engine: Any, bench: Bench, registry: Registry, tmp_path: Path) -> AsyncIterator[Shed]:
    shed: list[Shed] = []
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path, clock=lambda: shed[0].now())  # noqa: PLW0108 - there is none yet
    shed.append(Shed(engine, bench, store, registry, Keep(images=1, releases=1)))
    yield shed[0]
    await store.close()


def short(made: dict[str, str]) -> str:
    return made[artifact.IMAGE].rpartition(":")[2]


async def test_old_images_go_and_none_that_anybody_needs(shed: Shed) -> None:
    oldest, before, running = [await shed.version(release=True) for _ in range(3)]
    waiting, used, old, newest = [await shed.version() for _ in range(4)]
    await shed.opened({artifact.DIGEST: waiting[artifact.DIGEST]})  # waits for an approval, say
    shed.engine.create_container(used[artifact.IMAGE_ID], name=f"{shed.bench.containers.namespace}-uses")
    shed.engine.tag(shed.engine.inspect_image("estiva/busybox:base")["Id"], shed.service.image, "by-hand")
    listed = await shed.retention.found()
    assert shed.tags() == {"by-hand", *(short(each) for each in (oldest, before, running, waiting, used, old, newest))}
    gone = await shed.retention.clear()
    assert {each.leftover.id for each in gone} == {each.leftover.id for each in listed}
    assert {each.leftover.id for each in gone} == {oldest[artifact.IMAGE_ID], old[artifact.IMAGE_ID]}
    assert shed.tags() == {"by-hand", *(short(each) for each in (before, running, waiting, used, newest))}
    assert {fact["where"] for fact in await shed.facts(Kind.IMAGE_RETIRED)} == {"engine"}
    assert all(
        [await shed.in_registry(each) for each in (oldest, old)]
    )  # nobody said that the registry is ours to clear
    assert await shed.retention.found() == []
    shed.engine.remove_container(f"{shed.bench.containers.namespace}-uses")


async def test_the_registry_is_cleared_when_the_catalog_says_so(shed: Shed) -> None:
    shed.keep = Keep(images=1, releases=0, registry=True)
    running = await shed.version(release=True)
    old, newest = await shed.version(), await shed.version()
    gone = {each.leftover.name for each in await shed.retention.clear() if each.leftover.kind == "registry"}
    assert gone == {f"{shed.service.image}@{old[artifact.DIGEST]}"}
    assert [await shed.in_registry(each) for each in (running, old, newest)] == [True, False, True]
    assert await shed.retention.found() == []
    named = [fact["image"] for fact in await shed.facts(Kind.IMAGE_RETIRED) if fact["where"] == "registry"]
    assert named == [f"{shed.service.image}@{old[artifact.DIGEST]}"]


async def test_a_registry_that_is_away_is_told_and_nothing_else_waits_for_it(shed: Shed) -> None:
    shed.keep = Keep(images=1, releases=0, registry=True)
    for _ in range(3):
        await shed.version()
    shed.bench.service = replace(shed.bench.service, image="127.0.0.1:1/hello")
    retention = shed.retention
    assert await retention.clear() == []
    assert "does not answer" in " ".join(retention.problems.values())


async def test_an_engine_that_is_away_keeps_no_log(shed: Shed, tmp_path: Path) -> None:
    ended, going = await shed.opened(), await shed.opened()
    for run in (ended, going):
        sink = shed.store.logs.sink(run.id, "build", "image", 1)
        sink.line("hello")
        sink.close()
    await shed.store.runs.finish(ended.id, Status.FAILED, "it failed")
    nowhere = Containers(url=f"unix://{tmp_path}/none.sock")
    retention = replace(shed.retention, images=Images(nowhere))
    assert await retention.found() == []
    shed.ahead = timedelta(seconds=shed.keep.logs + 60)
    gone = await retention.clear()
    assert [each.leftover.name for each in gone] == [ended.id]
    assert await shed.store.logs.read(ended.id, "build", "image") == []
    assert await shed.store.logs.read(going.id, "build", "image") == ["hello"]
    (fact,) = await shed.facts(Kind.LOGS_DELETED)
    assert (fact["runs"], fact["older_than"]) == ([ended.id], 90 * 86_400)
    assert "does not answer" in " ".join(retention.problems.values())
    nowhere.close()
