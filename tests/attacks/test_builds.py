"""A committer who wants more than to be built: their repository's words and their root in a container."""

import asyncio
import contextlib
import os
import tarfile
import time
import tracemalloc
import uuid
from typing import Any

import pytest

from runners import registry as registries
from runners.buildspec.globs import Glob
from runners.buildspec.model import BuildspecInvalid
from runners.buildspec.parser import parse
from runners.buildspec.record import Context, Status, phases_of
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed, Work
from runners.dockerfile import DockerfileRunner
from runners.push import PushRunner
from storage.model.catalog import Json
from tests.registry import Registry
from tests.runners.bench import Bench, Notes

_SECRET = "the host's own words"


def _build(bench: Bench, spec: str) -> Work:
    return bench.work({"image": "estiva/ci:base"}, bench.source({"buildspec.yml": f"version: 0.2\n{spec}", "x": "x"}))


@pytest.mark.parametrize("name", ["../../../../evil", "/tmp/evil", "..", ".", "a/b", ""])
def test_secondary_artifacts_stay_in_the_workspace(name: str) -> None:
    spec = f'version: 0.2\nphases: {{}}\nartifacts:\n  files: x\n  secondary-artifacts: {{"{name}": {{files: x}}}}\n'
    with pytest.raises(BuildspecInvalid, match="is no name"):
        parse(spec)


@pytest.mark.docker
async def test_a_build_writes_nothing_beside_its_workspace(builder: BuildspecRunner, bench: Bench) -> None:
    beside = bench.root / "beside"
    beside.mkdir()
    (beside / "kept").write_text("kept")
    secondary = f"{{'{beside}': {{files: x}}}}"
    spec = f"phases: {{build: {{commands: ['true']}}}}\nartifacts: {{files: x, secondary-artifacts: {secondary}}}"
    with pytest.raises(ActionFailed, match="is no name"):
        await builder.run(_build(bench, spec), Notes())
    assert [each.name for each in beside.iterdir()] == ["kept"]


@pytest.mark.docker
@pytest.mark.parametrize("left", ["command", "phase", "exit"])
async def test_a_link_left_behind_shows_no_file_of_the_host(
    builder: BuildspecRunner, bench: Bench, notes: Notes, left: str
) -> None:
    outside = bench.root / "outside"
    outside.write_text(_SECRET)
    spec = (
        "phases: {build: {commands: ["
        f'"ln -s {outside} $(ls -d $CODEBUILD_SRC_DIR/../.buildspec/*)/result/{left}; echo 1 > $(ls -d '
        '$CODEBUILD_SRC_DIR/../.buildspec/*)/result/exit; exit 3"]}}'
    )
    with pytest.raises(ActionFailed) as failed:
        await builder.run(_build(bench, spec), notes)
    assert _SECRET not in failed.value.reason


@pytest.mark.docker
async def test_an_exported_variable_is_no_file_of_the_host(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    outside = bench.root / "outside"
    outside.mkdir()
    (outside / "LOOT").write_text(_SECRET)
    spec = (
        "env: {exported-variables: [LOOT]}\nphases: {build: {commands: ["
        f'"cd $(ls -d $CODEBUILD_SRC_DIR/../.buildspec/*)/result && rm -r variables && ln -s {outside} variables"]}}}}'
    )
    outcome = await builder.run(_build(bench, spec), notes)
    assert _SECRET not in str(outcome.artifacts)
    assert (outside / "LOOT").read_text() == _SECRET


@pytest.mark.docker
@pytest.mark.parametrize("left", ["outside", "outside/tmp", "outside/tmp/out", "outside/tmp/out/x", "."])
async def test_what_is_handed_on_from_outside_the_source_is_no_file_of_the_host(
    builder: BuildspecRunner, bench: Bench, notes: Notes, left: str
) -> None:
    """The paths are the container's: a link in their place would lead to the same ones of this machine."""
    host = bench.root / "host"
    (host / "outside/tmp/out").mkdir(parents=True)
    (host / "tmp/out").mkdir(parents=True)
    (host / "out").mkdir()
    for name in ("x", "out/x", "tmp/out/x", "outside/tmp/out/x"):
        (host / name).write_text(_SECRET)
    target = host / "x" if left.endswith("/x") else host
    spec = (
        "artifacts: {files: [buildspec.yml, /tmp/out/x], secondary-artifacts:"
        " {docs: {files: ['**/*', buildspec.yml], base-directory: /tmp/out}}}\n"
        "phases: {build: {commands: [mkdir -p /tmp/out && touch /tmp/out/own,"
        f" 'cd $(ls -d $CODEBUILD_SRC_DIR/../.buildspec/*) && at=result/{left} && mkdir -p $(dirname $at) &&"
        f" rm -rf $at; ln -sfn {target} result/{left}; echo left']}}}}"
    )
    with contextlib.suppress(ActionFailed):
        await builder.run(_build(bench, spec), notes)
    assert "left" in notes.lines
    places = [bench.work().workspace / name for name in ("artifacts", "secondary-artifacts")]
    made = [each for place in places for each in place.rglob("*")]
    assert not [each for each in made if each.is_file() and _SECRET in each.read_text()]


@pytest.mark.docker
async def test_a_build_cannot_replace_the_source_by_a_link(
    builder: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    """Else the next action would hand all of this machine to the engine as the context of a Dockerfile."""
    work = _build(
        bench,
        "phases: {build: {commands: ['cd $CODEBUILD_SRC_DIR/.. && mv source gone; ln -s / source; ls -a /; true']}}",
    )
    await builder.run(work, notes)
    source = work.workspace / "source"
    assert not source.is_symlink()
    assert (source / "buildspec.yml").exists()


@pytest.mark.parametrize("pattern", ["*a" * 30 + "*b", "**/" * 30 + "b", "**a" * 30 + "b", "?*" * 30 + "b"])
def test_no_pattern_of_a_repository_takes_long(pattern: str) -> None:
    glob = Glob(pattern)
    began = time.process_time()
    assert not glob.fits("a" * 120 + "/" + "a" * 120)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("**/*", "a", True),
        ("**/*", "a/b/c", True),
        ("*", "a/b", False),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a/**/c", "ab/c", False),
        ("?.txt", "a.txt", True),
        ("?.txt", "/.txt", False),
        ("*.t*t", "a.b.txt", True),
        ("**.txt", "a/b.txt", True),
        ("a.b", "axb", False),
        ("", "", True),
        ("a*", "a", True),
        ("*a*b*/c", "xaxbx/c", True),
        ("*a*b*/c", "xax/bx/c", False),
    ],
)
def test_patterns_still_mean_what_they_did(pattern: str, name: str, *, fits: bool) -> None:
    assert Glob(pattern).fits(name) is fits


def _bomb() -> str:
    return "version: 0.2\nx: &a " + "x" * 10_000 + "\nphases: {build: {commands: [" + "*a ," * 10_000 + "]}}"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (_bomb(), "larger than a megabyte"),
        ("version: 0.2\nphases: &a {build: {commands: [*a ]}}", "larger than a megabyte"),
        ("version: 0.2\nphases: " + "[" * 5_000, "too deep"),
        (
            'version: 0.2\nphases: {build: {commands: ["echo \\ud83d"]}}',
            "line 2: an escape stands for half a character",
        ),
        ('version: 0.2\nphases: {"\\udc00": {}}', "half a character"),
        ('version: 0.2\nphases: {build: {commands: ["echo \\U00110000"]}}', "no character"),
        ('version: 0.2\nphases: {build: {commands: ["echo \\UFFFFFFFF"]}}', "no character"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY-" + "9" * 5_000 + "}}", ""),
    ],
)
def test_a_bomb_of_a_buildspec_is_refused(spec: str, said: str) -> None:
    if not said:
        parse(spec)
        return
    with pytest.raises(BuildspecInvalid, match=said):
        parse(spec)


@pytest.mark.docker
async def test_no_more_of_a_buildspec_is_read_than_one_may_hold(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    """A repository of a few kilobytes may hold a file of gigabytes."""
    work = _build(bench, "")
    os.truncate(bench.root / "runs" / bench.run / "source" / "buildspec.yml", 100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ActionFailed, match="larger than a megabyte"):
            await builder.run(work, notes)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.docker
async def test_reading_a_large_buildspec_stops_nobody(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    work = _build(bench, "phases: {build: {commands: [" + "a, " * 40_000 + "[]]}}")
    slowest, since = 0.0, time.perf_counter()
    task = asyncio.create_task(builder.run(work, notes))
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(0.01)
        slowest = max(slowest, time.perf_counter() - began)
    with pytest.raises(ActionFailed, match=r"Expected Commands\[40000\]"):
        await task
    assert slowest < (time.perf_counter() - since) / 4  # a share of the whole: seconds are the machine's


@pytest.mark.docker
async def test_a_stage_with_the_label_of_a_later_run_is_not_taken_for_its_image(
    bench: Bench, notes: Notes, registry: Registry
) -> None:
    """Run 12's Dockerfile names run 13's key: what is reviewed as 13 must not be what 12 left behind."""
    runner = DockerfileRunner(bench.containers, registry.environ)
    later = bench.work(run="hello-13")
    evil = "\n".join(
        [
            "FROM estiva/busybox:base AS evil",
            f"LABEL estiva.namespace={bench.containers.namespace} estiva.key={later.key}",
            "RUN echo evil > /evil",
            "FROM estiva/busybox:base",
            "COPY --from=evil /evil /x",
        ]
    )
    poison = bench.source({"Dockerfile": evil}, run="hello-12", commit="e" * 40)
    await runner.run(bench.work(artifacts=poison, run="hello-12"), Notes())
    word = f"good-{uuid.uuid4().hex}"  # new each time: the engine may remember a step of another test
    good = bench.source({"Dockerfile": f"FROM estiva/busybox:base\nRUN echo {word}\n"}, run="hello-13")
    outcome = await runner.run(bench.work(artifacts=good, run="hello-13"), notes)
    assert word in notes.lines
    assert outcome.artifacts["image"].endswith(":c0ffee1")


@pytest.mark.docker
async def test_another_image_under_the_commits_tag_is_not_what_goes_on(
    bench: Bench, notes: Notes, registry: Registry, engine: Any
) -> None:
    """A writer of the registry is there first, with the right label: what was tested is deployed all the same."""
    builder = DockerfileRunner(bench.containers, registry.environ)
    pusher = PushRunner(bench.containers, registry.environ)
    theirs = bench.source({"Dockerfile": "FROM estiva/busybox:base\nRUN echo theirs > /x\n"}, run="hello-21")
    built = await builder.run(bench.work(artifacts=theirs, run="hello-21"), Notes())
    planted = await pusher.run(bench.work(artifacts={**theirs, **built.artifacts}, run="hello-21"), Notes())
    ours = bench.source({"Dockerfile": "FROM estiva/busybox:base\nRUN echo ours > /x\n"}, run="hello-22")
    tested = await builder.run(bench.work(artifacts=ours, run="hello-22"), Notes())
    pushed = await pusher.run(bench.work(artifacts={**ours, **tested.artifacts}, run="hello-22"), notes)
    assert pushed.artifacts["digest"] != planted.artifacts["digest"]
    login = registries.credentials(registry.catalog, bench.service.image, registry.environ)
    there = await registries.manifest(bench.service.image, pushed.artifacts["digest"], login)
    assert there is not None
    assert there.holds(tested.artifacts["image_id"])


@pytest.mark.parametrize("tag", ["../../evil/manifests/latest", "a/b", "", "a?b", "sha256:1", "-x"])
async def test_a_tag_names_nothing_beyond_its_repository(bench: Bench, registry: Registry, tag: str) -> None:
    with pytest.raises(ActionFailed, match="is no tag"):
        await registries.manifest(bench.service.image, tag, None)


@pytest.mark.docker
async def test_a_link_that_is_kept_leads_no_file_out_of_the_artifacts(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    """Within the source it leads to the source; from where artifacts go it would lead above them."""
    spec = (
        "phases: {build: {commands: [mkdir -p a1/b/c a2/link up && ln -s ../../../up a1/b/c/link, "
        "mv a1/b/c/link a1/link && ln -sfn ../up a1/link, echo x > a2/link/loot]}}\n"
        "artifacts: {files: ['**/*'], base-directory: 'a*', enable-symlinks: yes}"
    )
    work = _build(bench, spec)
    await builder.run(work, notes)
    assert not (work.workspace / "up").exists()
    assert [each.name for each in work.workspace.rglob("loot") if "source" not in each.parts] == []
    assert any("it leads out of the artifacts" in line for line in notes.lines)


@pytest.mark.parametrize(
    "lies",
    [
        "1e999 clock 9\n1 start BUILD\n2 end BUILD FAILED",
        "1 clock 99999999999\n99999999999 start BUILD",
        "nan start BUILD\n\n \nx y z",
        "1 start ../../x\n1 end BUILD NONSENSE - x\n1 end BUILD SUCCEEDED",
        "1 clock \u0663\n1 start BUILD\n1 end BUILD FAILED",
    ],
)
def test_a_build_that_lies_about_its_phases_breaks_nothing(lies: str) -> None:
    for phase in phases_of(lies, Status.FAILED, Context()):
        assert phase.document()["phaseType"] == "BUILD"


@pytest.mark.docker
async def test_the_archives_of_a_cache_are_opened_only_inside(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    """A cache that was tampered with unpacks into the next build's container, and nowhere on this machine."""
    spec = "cache: {paths: [n, /opt/n]}\nphases: {build: {commands: [mkdir -p /opt && echo x > n && echo x > /opt/n]}}"
    options: dict[str, Json] = {"image": "estiva/ci:base", "cache": True}
    source = bench.source({"buildspec.yml": f"version: 0.2\n{spec}"})
    await builder.run(bench.work(options, source), notes)
    (kept,) = (bench.root / "caches" / "hello").glob("*/key-default")
    assert {each.suffix for each in kept.iterdir()} <= {".tar", ".cpio"}
    outside = bench.root / "outside"
    with tarfile.open(kept / "root.tar", "w") as archive:
        member = tarfile.TarInfo(f"{outside}"[1:])
        archive.addfile(member)
    await builder.run(bench.work(options, source, attempt=2), Notes())
    assert not outside.exists()
