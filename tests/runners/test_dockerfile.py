import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest

from runners.containers import Containers
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from tests.registry import Registry
from tests.runners.bench import Bench, Notes
from tests.runners.forgetful import forgetful

pytestmark = pytest.mark.docker


@pytest.fixture
def runner(bench: Bench, registry: Registry) -> DockerfileRunner:
    return DockerfileRunner(bench.containers, registry.environ)


def _dockerfile(*lines: str) -> dict[str, str]:
    return {"Dockerfile": "\n".join(["FROM estiva/busybox:base", *lines, ""]), "file": "x"}


async def test_builds_and_labels_the_image(runner: DockerfileRunner, bench: Bench, notes: Notes, engine: Any) -> None:
    files = _dockerfile("ARG COLOUR", "COPY file /file", r"RUN echo $COLOUR && printf '\033[31mred\033[0m\n' >&2")
    colour = f"blue-{uuid.uuid4().hex}"  # new each time: the engine says nothing of a step that it remembers
    work = bench.work({"args": {"COLOUR": colour}}, bench.source(files))
    outcome = await runner.run(work, notes)
    image = engine.inspect_image(outcome.artifacts["image_id"])
    assert outcome.artifacts["image"] == f"{bench.service.image}:c0ffee1"
    assert outcome.artifacts["image"] in image["RepoTags"]
    labels = image["Config"]["Labels"]
    assert labels["estiva.key"] == work.key
    assert labels["estiva.commit"] == work.artifacts["commit"]
    assert {colour, "red"} <= set(notes.lines)


async def test_finds_the_image_that_this_key_already_built(
    runner: DockerfileRunner, bench: Bench, notes: Notes
) -> None:
    work = bench.work(artifacts=bench.source(_dockerfile("RUN echo once")))
    first = await runner.run(work, Notes())
    assert (await runner.run(work, notes)).artifacts == first.artifacts
    assert "once" not in notes.lines


@pytest.mark.parametrize(
    ("lines", "options", "reason", "code"),
    [
        (["RUN echo before; exit 7"], {}, "returned a non-zero code: 7", 7),
        (["COPY nothing /x"], {}, "COPY failed", None),
        (["NONSENSE here"], {}, "unknown instruction: NONSENSE", None),
        ([], {"dockerfile": "Other"}, "no Other in the source", None),
        ([], {"target": "none"}, "failed to reach build target none", None),
    ],
)
async def test_says_why_a_build_failed(
    runner: DockerfileRunner,
    bench: Bench,
    notes: Notes,
    lines: list[str],
    options: dict[str, Any],
    reason: str,
    code: int | None,
) -> None:
    with pytest.raises(ActionFailed, match=reason) as failed:
        await runner.run(bench.work(options, bench.source(_dockerfile(*lines))), notes)
    assert failed.value.exit_code == code


async def test_a_step_may_be_silent_for_longer_than_an_answer_of_the_engine_may_take(
    bench: Bench, registry: Registry, notes: Notes
) -> None:
    hasty = Containers(namespace=bench.containers.namespace, seconds=1)
    try:
        work = bench.work({"network": "none"}, bench.source(_dockerfile(f"RUN sleep 2.5; echo {uuid.uuid4().hex}")))
        assert (await DockerfileRunner(hasty, registry.environ).run(work, notes)).artifacts["image_id"]
    finally:
        hasty.close()


async def test_a_link_out_of_the_source_is_no_dockerfile(runner: DockerfileRunner, bench: Bench, notes: Notes) -> None:
    artifacts = bench.source({"file": "x"})
    (bench.root / "outside").write_text("FROM scratch")
    (bench.root / "runs" / bench.run / "source" / "Dockerfile").symlink_to(bench.root / "outside")
    with pytest.raises(ActionFailed, match="outside the source"):
        await runner.run(bench.work(artifacts=artifacts), notes)


@pytest.mark.parametrize("command", ["sleep 61", "while :; do echo noise; sleep 0.1; done"])
async def test_cancelling_stops_the_build_within_two_seconds(
    runner: DockerfileRunner, bench: Bench, notes: Notes, engine: Any, command: str
) -> None:
    work = bench.work(artifacts=bench.source(_dockerfile("RUN echo up", f"RUN {command}")))
    task = asyncio.create_task(runner.run(work, notes))
    while not _building(engine, command):
        assert not task.done(), notes.text
        await asyncio.sleep(0.05)
    async with asyncio.timeout(2):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while _building(engine, command):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _building(engine: Any, command: str) -> list[Any]:
    return [each for each in engine.containers(all=True) if command in each["Command"]]


async def test_an_image_that_goes_while_the_builder_looks_is_nobodys_failure(
    bench: Bench, registry: Registry, notes: Notes, tmp_path: Path
) -> None:
    work = bench.work(artifacts=bench.source(_dockerfile("RUN echo once")))
    async with forgetful(tmp_path, builds=2) as url:
        containers = Containers(namespace=bench.containers.namespace, url=url)
        outcome = await DockerfileRunner(containers, registry.environ).run(work, notes)
        containers.close()
    assert outcome.artifacts["image"] == f"{bench.service.image}:c0ffee1"
    assert notes.lines.count("an image was removed while the builder looked for what it has, so it builds again") == 2


async def test_an_image_that_always_goes_is_told(
    bench: Bench, registry: Registry, notes: Notes, tmp_path: Path
) -> None:
    async with forgetful(tmp_path, builds=99) as url:
        containers = Containers(namespace=bench.containers.namespace, url=url)
        with pytest.raises(ActionFailed, match="unable to find image"):
            await DockerfileRunner(containers, registry.environ).run(
                bench.work(artifacts=bench.source(_dockerfile())), notes
            )
        containers.close()
