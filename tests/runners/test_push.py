from dataclasses import replace
from typing import Any

import pytest

from runners import registry as registries
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from runners.push import PushRunner
from storage.model import catalog
from tests.registry import Registry, free_port
from tests.runners.bench import Bench, Notes

pytestmark = pytest.mark.docker


@pytest.fixture
def runner(bench: Bench, registry: Registry) -> PushRunner:
    return PushRunner(bench.containers, registry.environ)


async def _built(
    bench: Bench, registry: Registry, text: str, *, run: str | None = None, commit: str | None = None
) -> dict[str, str]:
    files = {"Dockerfile": f"FROM estiva/busybox:base\nRUN echo {text} > /text\n"}
    source = bench.source(files, run=run, **({"commit": commit} if commit else {}))
    outcome = await DockerfileRunner(bench.containers, registry.environ).run(
        bench.work(artifacts=source, run=run), Notes()
    )
    return {**source, **outcome.artifacts}


async def test_pushes_what_was_built_and_reads_it_back(
    runner: PushRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    artifacts = await _built(bench, registry, "one")
    outcome = await runner.run(bench.work(artifacts=artifacts), notes)
    login = registries.credentials(registry.catalog, bench.service.image, registry.environ)
    there = await registries.manifest(bench.service.image, outcome.artifacts["digest"], login)
    assert there is not None
    assert there.config == artifacts["image_id"]


async def test_pushing_twice_pushes_once(runner: PushRunner, bench: Bench, notes: Notes, registry: Registry) -> None:
    work = bench.work(artifacts=await _built(bench, registry, "one"))
    first = await runner.run(work, Notes())
    assert (await runner.run(work, notes)).artifacts == first.artifacts
    assert "is there already" in notes.text


async def test_pushes_the_tested_image_though_the_local_tag_moved(
    runner: PushRunner, bench: Bench, notes: Notes, registry: Registry, engine: Any
) -> None:
    artifacts = await _built(bench, registry, "tested")
    engine.tag("estiva/busybox:base", bench.service.image, "c0ffee1", force=True)
    outcome = await runner.run(bench.work(artifacts=artifacts), notes)
    login = registries.credentials(registry.catalog, bench.service.image, registry.environ)
    there = await registries.manifest(bench.service.image, outcome.artifacts["digest"], login)
    assert there is not None
    assert there.holds(artifacts["image_id"])


async def test_another_build_of_the_same_commit_gets_a_tag_of_its_own(
    runner: PushRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    first = await runner.run(bench.work(artifacts=await _built(bench, registry, "one")), Notes())
    built = await _built(bench, registry, "two", run=f"{bench.run}-2")
    again = bench.work(artifacts=built, run=f"{bench.run}-2")
    second = await runner.run(again, notes)
    content = built["image_id"].removeprefix("sha256:")[:12]
    assert second.artifacts["image"] == f"{bench.service.image}:c0ffee1-{content}"
    assert "which is kept" in notes.text
    assert (await runner.run(again, notes)).artifacts == second.artifacts
    login = registries.credentials(registry.catalog, bench.service.image, registry.environ)
    there = await registries.manifest(bench.service.image, second.artifacts["digest"], login)
    assert there is not None
    assert there.holds(built["image_id"])
    kept = await registries.manifest(bench.service.image, "c0ffee1", login)
    assert kept is not None
    assert kept.digest == first.artifacts["digest"]


async def test_a_tag_that_holds_something_else_is_never_moved(
    runner: PushRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    await runner.run(bench.work(artifacts=await _built(bench, registry, "one")), Notes())
    commit = "c0ffee1" + "f" * 33
    other = bench.work(
        artifacts=await _built(bench, registry, "two", run=f"{bench.run}-2", commit=commit), run=f"{bench.run}-2"
    )
    with pytest.raises(ActionFailed, match="already holds another image"):
        await runner.run(other, notes)


async def test_wrong_credentials_are_named_as_such(bench: Bench, notes: Notes, registry: Registry) -> None:
    artifacts = await _built(bench, registry, "one")
    wrong = {**registry.environ, "TEST_REGISTRY_PASSWORD": "wrong"}
    with pytest.raises(ActionFailed, match="refused our credentials") as failed:
        await PushRunner(bench.containers, wrong).run(bench.work(artifacts=artifacts), notes)
    assert not failed.value.retryable
    with pytest.raises(ActionFailed, match="TEST_REGISTRY_USERNAME is not set"):
        await PushRunner(bench.containers, {}).run(bench.work(artifacts=artifacts), notes)


async def test_a_registry_that_is_down_can_be_tried_again(bench: Bench, notes: Notes, registry: Registry) -> None:
    host = f"127.0.0.1:{free_port()}"
    bench.service = replace(bench.service, image=f"{host}/hello")
    bench.registry = catalog.Registry(host=host)
    artifacts = await _built(bench, registry, "one")
    with pytest.raises(ActionFailed, match=f"{host} does not answer") as failed:
        await PushRunner(bench.containers, {}).run(bench.work(artifacts=artifacts), notes)
    assert failed.value.retryable


async def test_an_image_of_another_repository_is_refused(runner: PushRunner, bench: Bench, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match="is not an image of"):
        await runner.run(bench.work(artifacts={"image": "evil.example.org/hello:1"}), notes)


def test_a_credential_goes_only_to_its_own_host(registry: Registry) -> None:
    assert registries.credentials(registry.catalog, "127.0.0.1:1/hello", registry.environ) is None
    assert registries.credentials(registry.catalog, "hello", registry.environ) is None
    assert registries.credentials(registry.catalog, f"{registry.host}/hello", registry.environ)
