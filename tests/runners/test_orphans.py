"""What ended runs left in a real engine is removed; what looks like it and is not, stays."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.main import app
from runners.command import CommandRunner
from runners.containers import Containers
from runners.contract import Leftover
from runners.dockerfile import DockerfileRunner
from runners.images import Images
from runners.leftovers import EngineLeftovers
from runners.orphans import Orphans
from runners.proxy import Proxy, Upstream
from runners.workspaces import Workspaces
from storage.model.run import Run, Status
from storage.store import Store
from tests.registry import Registry, free_port
from tests.runners.bench import Bench, Notes
from tests.storage.nouns import released, walking

pytestmark = pytest.mark.docker
IMAGE = "estiva/busybox:base"


@dataclass
class Yard:
    """One installation's corner of the engine, and a store that knows its runs."""

    engine: Any
    containers: Containers
    store: Store
    bench: Bench
    orphans: Orphans
    registry: Registry

    def container(self, name: str, image: str = IMAGE, **labels: str) -> str:
        self.engine.create_container(image, ["sleep", "60"], name=name, labels=labels)
        return name

    def ours(self, run: str, role: str = "job", **labels: str) -> str:
        name = f"{self.containers.namespace}-{run}-{role}-{uuid.uuid4().hex[:4]}"
        return self.container(name, **self.containers.labels(role=role, run=run, key=f"{run}/build/one/1", **labels))

    def names(self) -> set[str]:
        """Names of all containers that this test may have made."""
        return {each["Names"][0][1:] for each in self.engine.containers(all=True) if self._mine(each)}

    def _mine(self, container: Any) -> bool:
        mine: bool = self.containers.namespace in container["Names"][0]
        return mine

    async def cleared(self) -> list[str]:
        return [orphan.leftover.name for orphan in await self.orphans.clear()]

    async def built(self, run: str, words: str) -> str:
        """Build an image in a run's name; gives its id."""
        source = self.bench.source({"Dockerfile": f"FROM {IMAGE}\nRUN echo {words} > /words\n"}, run=run)
        runner = DockerfileRunner(self.containers, self.registry.environ)
        return (await runner.run(self.bench.work(artifacts=source, run=run), Notes())).artifacts["image_id"]


async def over(store: Store, number: int) -> Run:
    run = await walking(store, number)
    await store.runs.finish(run.id, Status.FAILED, "it failed")
    return run


@pytest.fixture
async def yard(engine: Any, bench: Bench, registry: Registry, tmp_path: Path) -> AsyncIterator[Yard]:
    containers = Containers(namespace=f"estiva-test-{uuid.uuid4().hex[:6]}")
    proxy = Proxy(containers, tmp_path / "proxy")
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
    bench.containers = containers
    workspaces = Workspaces(tmp_path / "work")
    orphans = Orphans(store, (workspaces, EngineLeftovers(containers, proxy)))
    yield Yard(engine, containers, store, bench, orphans, registry)
    for each in engine.containers(all=True):
        if containers.namespace in each["Names"][0]:
            engine.remove_container(each["Id"], force=True)
    for each in engine.networks(filters=containers.filters()):
        engine.remove_network(each["Id"])
    for each in engine.images(filters=containers.filters()):
        with contextlib.suppress(Exception):
            engine.remove_image(each["Id"], force=True)
    await store.close()
    workspaces.close()
    containers.close()


async def test_what_a_dead_worker_left_running_goes_when_its_run_is_over(yard: Yard) -> None:
    run = await walking(yard.store, 1)
    yard.bench.abandoned = True
    work = yard.bench.work({"image": IMAGE, "run": ["sleep", "60"]}, run=run.id)
    task = asyncio.create_task(CommandRunner(yard.containers).run(work, Notes()))
    while not yard.names():  # noqa: ASYNC110 - the engine tells nobody
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait({task})
    left = yard.names()
    assert await yard.cleared() == []  # the run may go on, and finds its container again
    await yard.store.runs.finish(run.id, Status.CANCELLED, "cancelled by U0BOB")
    assert set(await yard.cleared()) == left
    assert yard.names() == set()


async def test_nothing_goes_that_is_not_surely_ours_and_over(yard: Yard) -> None:
    ended, going = await over(yard.store, 1), await walking(yard.store, 2)
    theirs = {"estiva.namespace": "estiva-elsewhere", "estiva.role": "job", "estiva.run": ended.id}
    marked = yard.containers.labels(role="job", run=ended.id)
    stays = {
        yard.ours(going.id),
        yard.ours("hello-4711"),  # of a run that this store does not know
        yard.container(f"{yard.containers.namespace}-of-another", **theirs),
        yard.container(f"by-hand-{yard.containers.namespace}", **marked),  # our labels under a name that is not ours
        yard.container(f"{yard.containers.namespace}-proxy", **yard.containers.labels(role="proxy")),
    }
    image = await yard.built(ended.id, "inherited")
    stays.add(yard.container(f"{yard.containers.namespace}-by-hand", image))
    goes = yard.ours(ended.id)
    assert await yard.cleared() == [goes]
    assert yard.names() == stays


async def test_a_release_stays_when_it_took_effect_or_gets_requests(yard: Yard, tmp_path: Path) -> None:
    ended, more, third = [await over(yard.store, number) for number in (1, 2, 3)]
    kept = yard.ours(ended.id, "app", environment="homolog", service="hello")
    await yard.store.releases.record(released(ended, "sha256:1"))
    serving = yard.ours(more.id, "app", environment="homolog", service="hello")
    proxy = Proxy(yard.containers, tmp_path / "proxy")
    await proxy.ensure()
    await proxy.switch("hello", "homolog", f"http://127.0.0.1:{free_port()}", [Upstream(serving, "127.0.0.1:9")])
    sick = yard.ours(third.id, "app", environment="homolog", service="hello")
    assert await yard.cleared() == [sick]
    assert {kept, serving} <= yard.names()
    yard.engine.stop(f"{yard.containers.namespace}-proxy", timeout=1)
    silent = yard.ours(third.id, "app", environment="homolog", service="hello")
    assert await yard.cleared() == []  # the proxy does not say whom it serves
    assert silent in yard.names()


async def test_networks_and_nameless_images_of_ended_runs_go(yard: Yard) -> None:
    ended, going = await over(yard.store, 1), await walking(yard.store, 2)
    namespace = yard.containers.namespace
    for name, labels in (
        (f"{namespace}-1", yard.containers.labels(run=ended.id)),
        (f"{namespace}-2", yard.containers.labels(run=going.id)),
        (namespace, yard.containers.labels(role="network")),
    ):
        yard.engine.create_network(name, labels=labels)
    first = await yard.built(ended.id, "one")
    child = yard.engine.commit(yard.container(f"{namespace}-hand", first))["Id"]
    yard.engine.remove_container(f"{namespace}-hand")
    second = await yard.built(going.id, "two")  # of the same commit: takes the tag over
    assert await yard.cleared() == [f"{namespace}-1"]
    assert {each["Name"] for each in yard.engine.networks(filters=yard.containers.filters())} == {
        f"{namespace}-2",
        namespace,
    }
    there = {each["Id"] for each in yard.engine.images(all=True)}
    assert {first, child, second} <= there  # somebody's own image is built on the first
    yard.engine.remove_image(child, noprune=True)
    assert await yard.cleared() == [first[:19]]
    assert first not in {each["Id"] for each in yard.engine.images(all=True)}


async def test_an_engine_that_is_away_is_told_once_and_keeps_no_folder(yard: Yard, tmp_path: Path) -> None:
    ended = await over(yard.store, 1)
    (tmp_path / "work" / ended.id / "deep").mkdir(parents=True)
    (tmp_path / "work" / "not-a-run").mkdir()
    nowhere = Containers(url=f"unix://{tmp_path}/none.sock")
    yard.orphans.cleaners = (EngineLeftovers(nowhere, Proxy(nowhere, tmp_path / "p")), yard.orphans.cleaners[0])
    assert await yard.cleared() == [str(tmp_path / "work" / ended.id)]
    assert "does not answer" in yard.orphans.away["EngineLeftovers"]
    assert (tmp_path / "work" / "not-a-run").is_dir()
    nowhere.close()


class Stubborn:
    """A place with three things, one of which cannot go the first time."""

    def __init__(self) -> None:
        self.there = ["one", "two", "three"]
        self.refusals = 1

    async def leftovers(self) -> list[Leftover]:
        return [Leftover(kind="container", id=name, name=name, run="hello-1") for name in self.there]

    async def remove(self, leftover: Leftover) -> bool:
        if leftover.id == "two" and self.refusals:
            self.refusals -= 1
            raise OSError("device or resource busy")
        self.there.remove(leftover.id)
        return True


async def test_what_cannot_go_now_keeps_nothing_else_and_is_tried_again(yard: Yard) -> None:
    await over(yard.store, 1)
    place = Stubborn()
    yard.orphans.cleaners = (place,)
    assert await yard.cleared() == ["one", "three"]
    assert await yard.cleared() == ["two"]
    assert place.there == []


def test_the_terminal_says_what_would_go_and_removes_it_when_told(
    engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = f"estiva-test-{uuid.uuid4().hex[:6]}"
    catalog = Path(__file__).parents[2] / "examples" / "demo" / "catalog.yml"
    settings = {"ESTIVA_DATA": str(tmp_path), "ESTIVA_NAMESPACE": namespace, "ESTIVA_CATALOG": str(catalog)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    async def remember() -> str:
        store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path)
        ended = await over(store, 1)
        await store.close()
        return ended.id

    run = asyncio.run(remember())
    labels = {"estiva.namespace": namespace, "estiva.role": "job", "estiva.run": run}
    engine.create_container(IMAGE, ["true"], name=f"{namespace}-left", labels=labels)
    (tmp_path / "work" / run).mkdir(parents=True)
    terminal = CliRunner()
    listed = json.loads(terminal.invoke(app, ["orphans", "--json"]).stdout)
    assert [row["kind"] for row in listed["orphans"]] == ["folder", "container"]
    assert {row["why"] for row in listed["orphans"]} == {"hello-1 is over (failed)"}
    assert f"{namespace}-left" in terminal.invoke(app, ["orphans"]).stdout
    assert engine.containers(all=True, filters={"name": namespace})
    assert "2 removed" in terminal.invoke(app, ["orphans", "--remove"]).stdout
    assert not engine.containers(all=True, filters={"name": namespace})
    assert "Nothing is left" in terminal.invoke(app, ["orphans"]).stdout


async def test_all_images_of_a_repository_are_cleared_and_no_others(containers: Containers, engine: Any) -> None:
    """A buildspec's own `docker build` puts no label of ours on what it makes."""
    mine = f"127.0.0.1:1/hello-{uuid.uuid4().hex[:6]}"
    for repository in (mine, f"{mine}-too"):
        for tag in ("1234567", "latest"):
            engine.tag(IMAGE, repository, tag)
    try:
        await Images(containers).forget_all(mine)
        assert not engine.images(name=mine)
        assert len(engine.images(name=f"{mine}-too")[0]["RepoTags"]) >= 2
        assert engine.images(name=IMAGE)
    finally:
        await Images(containers).forget_all(f"{mine}-too")
