"""The Docker engine is restarted under a job: an engine of the test's own, so that nobody else's is touched."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient

from runners.command import CommandRunner
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from storage.model.catalog import Json, Registry, Service
from tests.docker_engine import OwnEngine, saved_images
from tests.runners.bench import Bench, Notes

IMAGE = "estiva/busybox:base"


@pytest.fixture
def own(engine: APIClient) -> Iterator[OwnEngine]:
    folder = Path(tempfile.mkdtemp(prefix="estiva-d-"))
    made = OwnEngine(folder)
    made.start()
    try:
        made.load(saved_images(folder / "images.tar", IMAGE))
        yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.sweep
async def test_a_job_under_an_engine_that_restarts_ends_once_and_leaves_nothing(own: OwnEngine, tmp_path: Path) -> None:
    containers = Containers(namespace="estiva-own", url=own.url)
    service = Service(name="hello", repository="unused", image="unused/hello", port=8000)
    bench = Bench(containers=containers, registry=Registry(host="unused"), root=tmp_path, service=service)
    runner, notes = CommandRunner(containers), Notes()
    options: dict[str, Json] = {"image": IMAGE, "run": ["sh", "-c", "echo begun; sleep 600"], "network": "none"}
    try:
        running = asyncio.create_task(runner.run(bench.work(options), notes))
        async with asyncio.timeout(30):
            while "begun" not in notes.lines:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.1)
        await asyncio.to_thread(own.end)
        with pytest.raises((EngineUnavailable, ActionFailed)) as told:
            async with asyncio.timeout(30):
                await running
        print(f"\n{type(told.value).__name__}: {told.value}")
        await asyncio.to_thread(own.start)
        again = bench.work({**options, "run": ["echo", "well"]}, attempt=2)
        assert (await runner.run(again, notes)).summary
        with pytest.raises(ActionFailed):
            async with asyncio.timeout(30):
                await runner.run(bench.work(options), notes)  # the first attempt, taken up after the restart
        left = await containers.ask(lambda client: client.containers(all=True, filters=containers.filters()))
        assert left == []
    finally:
        containers.close()


@pytest.mark.sweep
async def test_a_build_under_an_engine_that_restarts_fails_and_is_made_once_afterwards(
    own: OwnEngine, tmp_path: Path
) -> None:
    containers = Containers(namespace="estiva-own", url=own.url)
    service = Service(name="hello", repository="unused", image="unused/hello", port=8000)
    bench = Bench(containers=containers, registry=Registry(host="unused"), root=tmp_path, service=service)
    runner, notes = DockerfileRunner(containers, {}), Notes()
    options: dict[str, Json] = {"network": "none"}
    steps = ["FROM estiva/busybox:base", "RUN echo begun", "RUN sleep {}", "COPY Dockerfile /copy", ""]

    def written(seconds: int) -> dict[str, str]:
        return bench.source({"Dockerfile": "\n".join(steps).format(seconds)})

    try:
        running = asyncio.create_task(runner.run(bench.work(options, written(600)), notes))
        async with asyncio.timeout(60):
            while not any("sleep 600" in line for line in notes.lines):
                assert not running.done(), running.exception()
                await asyncio.sleep(0.1)
        await asyncio.to_thread(own.end)
        with pytest.raises((EngineUnavailable, ActionFailed)) as told:
            async with asyncio.timeout(30):
                await running
        print(f"\n{type(told.value).__name__}: {told.value}")
        await asyncio.to_thread(own.start)
        again = bench.work(options, written(1), attempt=2)
        made = await runner.run(again, notes)
        assert (await runner.run(again, Notes())).artifacts == made.artifacts
        ours = await containers.ask(lambda client: client.images(filters=containers.filters()))
        assert [image["Id"] for image in ours] == [made.artifacts["image_id"]]
        left = await containers.ask(lambda client: client.containers(all=True))
        assert left == [], "nothing is left of the build that died"
    finally:
        containers.close()
