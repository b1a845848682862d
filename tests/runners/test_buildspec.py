"""The kind `buildspec` in a pipeline; what a build itself does is shown in `conformance/`."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.buildspec.cache import version_of
from runners.buildspec.model import Cache
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed
from storage.model.catalog import Json, Keep
from tests.registry import PASSWORD, USER, Registry
from tests.runners.bench import Bench, Notes, git
from tests.runners.building import build, left_running, phases, up

pytestmark = pytest.mark.docker


FAILURES = [
    (phases(build='{commands: ["set -e\\nfalse\\ntrue"]}'), "BUILD: `set -e false true` ended with exit code 1", 1),
    (phases(install="{commands: [exit 3]}"), "INSTALL: `exit 3` ended with exit code 3", 3),
    (phases(build="{commands: [exit 4]}", post_build="{commands: [exit 5]}"), "BUILD: `exit 4`", 4),
    (
        "artifacts: {files: ['*.none']}\n" + phases(build="{commands: [echo a]}"),
        "no matching artifact paths found",
        None,
    ),
    ("artifacts: {files: [x]}\n" + phases(build="{commands: [exit 6]}"), "BUILD: `exit 6`", 6),
]


@pytest.mark.parametrize(("spec", "reason", "code"), FAILURES)
async def test_a_failure_is_told_by_what_failed_first(
    builder: BuildspecRunner, bench: Bench, notes: Notes, spec: str, reason: str, code: int | None
) -> None:
    with pytest.raises(ActionFailed) as failed:
        await builder.run(build(bench, spec), notes)
    assert reason in failed.value.reason
    assert failed.value.exit_code == code


async def test_the_catalogs_variable_beats_the_buildspecs(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    spec = "env: {variables: {A: spec}}\n" + phases(build="{commands: ['echo $A']}")
    await builder.run(build(bench, spec, {"env": {"A": "caller"}}), notes)
    assert notes.said() == ["caller"]


async def test_a_build_has_no_network_unless_the_catalog_says_so(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = phases(build="{commands: ['ls /sys/class/net', exit 1]}")
    with pytest.raises(ActionFailed) as failed:
        await builder.run(build(bench, spec), notes)
    assert notes.said() == ["lo"]
    assert "option network" in failed.value.hint
    opened = Notes()
    with pytest.raises(ActionFailed) as failed:
        await builder.run(build(bench, spec, {"network": "bridge"}, attempt=2), opened)
    assert "eth0" in opened.said()
    assert not failed.value.hint


async def test_a_build_gets_no_more_processors_than_its_limit(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    quota = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; true"
    await builder.run(build(bench, phases(build=f"{{commands: ['{quota}']}}"), {"cpus": 0.5}), notes)
    assert notes.said()[0].split()[0] == "50000"


async def test_a_build_that_takes_too_long_ends_by_itself_and_says_so(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = replace(build(bench, phases(build="{commands: [echo up, sleep 600]}")), timeout=5)
    with pytest.raises(ActionFailed, match="timed out after 5 s") as failed:
        await builder.run(work, notes)
    assert failed.value.error == "timeout"
    assert "Phase complete: BUILD State: TIMED_OUT" in notes.text
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def test_a_cache_stays_with_the_service(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    spec = "cache: {paths: [n]}\n" + phases(build="{commands: ['cat n 2>/dev/null || echo fresh', echo kept > n]}")
    await builder.run(build(bench, spec, {"cache": True}), notes)
    later = Notes()
    source = bench.source({"buildspec.yml": f"version: 0.2\n{spec}"}, run="hello-99")
    options: dict[str, Json] = {"image": "estiva/ci:base", "cache": True}
    await builder.run(bench.work(options, source, run="hello-99"), later)
    assert (notes.said(), later.said()) == (["fresh"], ["kept"])
    assert (bench.root / "caches" / "hello").is_dir()


@pytest.mark.parametrize("shell", ["sh", "bash"])
async def test_the_same_under_both_shells(builder: BuildspecRunner, bench: Bench, notes: Notes, shell: str) -> None:
    spec = f"env: {{shell: {shell}, exported-variables: [TAG, NONE, REGISTRY_PASSWORD]}}\n" + phases(
        install="{commands: ['A=\"x  y\"', mkdir -p d, cd d]}",
        build="{commands: ['echo \"$A\"', 'basename \"$PWD\"', 'TAG=one']}",
        post_build="{commands: ['TAG=two; echo \"login $REGISTRY_USERNAME:$REGISTRY_PASSWORD\"']}",
    )
    outcome = await builder.run(build(bench, spec), notes)
    assert notes.said() == ["x  y", "d", "login robot:***"]
    assert outcome.artifacts == {"exported.TAG": "two"}


async def test_a_missing_buildspec_is_named(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    work = bench.work({"image": "estiva/ci:base"}, bench.source({"x": ""}))
    with pytest.raises(ActionFailed, match=r"YAML_FILE_ERROR: stat buildspec.yml: no such file"):
        await builder.run(work, notes)


async def test_a_broken_buildspec_is_told_with_its_line(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match=r"buildspec.yml: YAML_FILE_ERROR: line 5: Expected Commands\[0\]"):
        await builder.run(build(bench, "phases:\n  build:\n    commands:\n      - echo a: b\n"), notes)


async def test_the_ecr_sample_builds_pushes_and_hands_the_image_on(
    builder: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    spec = """version: 0.2
phases:
  pre_build:
    commands:
      - echo "$REGISTRY_PASSWORD" | docker login -u "$REGISTRY_USERNAME" --password-stdin "$REGISTRY" 2>&1
      - COMMIT_HASH=$(echo $CODEBUILD_RESOLVED_SOURCE_VERSION | cut -c 1-7)
      - IMAGE_TAG=${COMMIT_HASH:=latest}
      - test $(git rev-parse HEAD) = $CODEBUILD_RESOLVED_SOURCE_VERSION
  build:
    commands:
      - DOCKER_BUILDKIT=0 docker build -q --label estiva.namespace=$TEST -t $IMAGE_REPOSITORY:$IMAGE_TAG .
  post_build:
    commands:
      - docker push -q $IMAGE_REPOSITORY:$IMAGE_TAG
      - printf '[{"name":"hello","imageUri":"%s"}]' $IMAGE_REPOSITORY:$IMAGE_TAG > imagedefinitions.json
artifacts:
  files: imagedefinitions.json
"""
    source = bench.source({"buildspec.yml": spec, "Dockerfile": "FROM estiva/busybox:base\nRUN echo hello\n"})
    place = Path(source["source"])
    git(place, "init", "--quiet")
    git(place, "commit", "--quiet", "--allow-empty", "-m", "x")
    commit = git(place, "rev-parse", "HEAD")
    options: dict[str, Json] = {
        "image": "estiva/ci:base",
        "privileged": True,
        "env": {"TEST": bench.containers.namespace},
    }
    outcome = await builder.run(bench.work(options, {**source, "commit": commit}), notes)
    assert outcome.artifacts["image"] == f"{bench.service.image}:{commit[:7]}"
    assert outcome.artifacts["digest"].startswith("sha256:")


async def test_cancelling_stops_the_build_within_two_seconds(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = build(bench, phases(build="{commands: [echo up, sleep 60]}"))
    task = await up(builder, work, notes)
    async with asyncio.timeout(2):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def test_an_abandoned_build_goes_on_and_is_found_again(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    work = build(
        bench, phases(build="{commands: ['date +%s%N', echo up, sleep 1.5]}", post_build="{commands: [echo end]}")
    )
    first = await left_running(builder, bench, work)
    await builder.run(work, notes)
    assert notes.said() == [*first.said(), "end"]


async def test_what_a_dead_process_left_of_a_build_is_stopped(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = build(bench, phases(build="{commands: [echo up, sleep 60]}"))
    await left_running(builder, bench, work)
    assert engine.containers(filters=bench.containers.filters(run=work.run))
    await builder.stop(work)
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_old_caches_go_when_a_new_one_comes(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    place = bench.root / "caches" / "hello"
    version = version_of(Cache(paths=("n",)))
    for name in [*(f"other-{number}" for number in range(7)), *(f"{version}/key-{number}" for number in range(12))]:
        (place / name).mkdir(parents=True)
        os.utime(place / name, (1, 1))
    spec = "cache: {paths: [n], key: new}\n" + phases(build="{commands: [echo x > n]}")
    await builder.run(build(bench, spec, {"cache": True}), notes)
    assert len(list(place.iterdir())) == 5
    assert len(list((place / version).iterdir())) == 10
    assert (place / version / "key-new").is_dir()


async def test_caches_take_no_more_than_they_may(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    bench.service = replace(bench.service, keep=Keep(caches=1_000_000))
    place = bench.root / "caches" / "hello"
    for age, name in enumerate(("other/key-newer", "more/key-older", "more/key-oldest"), 1):
        (place / name).mkdir(parents=True)
        (place / name / "source.tar").write_bytes(b"x" * (600_000 if age == 2 else 200_000))
        os.utime(place / name, (100 - age, 100 - age))
    spec = "cache: {{paths: [n], key: {0}}}\n" + phases(build="{{commands: [head -c {1} /dev/zero > n]}}")
    await builder.run(build(bench, spec.format("small", 300_000), {"cache": True}), notes)
    there = {each.name for each in place.glob("*/key-*")}
    assert there == {"key-small", "key-newer", "key-oldest"}, "what is too large goes, what is newest stays"
    await builder.run(build(bench, spec.format("large", 2_000_000), {"cache": True}, attempt=2), notes)
    assert {each.name for each in place.glob("*/key-*")} == there
    assert "Cache: it takes" in notes.text


async def test_an_image_is_pulled_with_the_login_of_the_registry(
    builder: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry, engine: Any
) -> None:
    image = f"{bench.service.image}:tools"
    login = {"username": USER, "password": PASSWORD}
    engine.tag("estiva/ci:base", bench.service.image, "tools")
    said = [json.loads(line) for line in engine.push(image, auth_config=login).splitlines()]
    assert not [each for each in said if "error" in each]
    engine.remove_image(image)
    spec = phases(build="{commands: [echo on]}")
    with pytest.raises(ActionFailed, match="there is no image"):
        await builder.run(build(bench, spec, {"image": image}), notes)
    await builder.run(build(bench, spec, {"image": image, "pull": True}, attempt=2), notes)
    engine.remove_image(image)
    assert notes.said() == ["on"]


async def test_an_image_without_a_shell_and_one_that_is_not_there(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    with pytest.raises(ActionFailed, match="there is no image estiva/none:here"):
        await builder.run(build(bench, phases(build="{commands: [x]}"), {"image": "estiva/none:here"}), notes)
