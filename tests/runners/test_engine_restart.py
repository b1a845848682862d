"""The Docker engine is restarted under a job: an engine of the test's own, so that nobody else's is touched."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient

from runners.command import CommandRunner
from runners.containers import Containers, EngineUnavailable
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from storage.model.catalog import Json, Registry, Service
from tests.runners.bench import Bench, Notes

IMAGE = "estiva/busybox:base"


class OwnEngine:
    """A second dockerd, with a socket, a data folder and no network of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/d.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        place = self.folder
        command = [
            *([] if os.geteuid() == 0 else ["sudo", "-n"]),
            # in a network namespace of its own: an engine without a bridge removes the machine's `docker0` as it starts
            *(
                "unshare",
                "--net",
                "dockerd",
                "-H",
                self.url,
                "--data-root",
                f"{place}/data",
                "--exec-root",
                f"{place}/exec",
            ),
            *("--pidfile", f"{place}/pid", "--bridge=none", "--iptables=false", "--ip6tables=false"),
            *("--storage-driver=vfs", "--group", str(os.getgid())),
        ]
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 90
        while not self._answers():
            assert self._process.poll() is None, (place / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (place / "log").read_text()[-2000:]
            time.sleep(0.2)

    def end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(2)
            try:
                asking.connect(self.url.removeprefix("unix://"))
                asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b"200 OK" in asking.recv(200)
            except OSError:
                return False


@pytest.fixture
def own(engine: APIClient) -> Iterator[OwnEngine]:
    folder = Path(tempfile.mkdtemp(prefix="estiva-d-"))
    made = OwnEngine(folder)
    made.start()
    try:
        saved = folder / "image.tar"
        subprocess.run(["docker", "save", "-o", saved, IMAGE], check=True)
        subprocess.run(["docker", "-H", made.url, "load", "-i", saved], check=True, capture_output=True)
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
