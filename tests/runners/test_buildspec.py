"""The kind `buildspec` in a pipeline; what a build itself does is shown in `conformance/`."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.aws.session import Clouds
from runners.buildspec.cache import version_of
from runners.buildspec.model import Cache
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed, Outcome, Work
from storage.model.catalog import Environment, Json, Keep
from storage.model.cloud import Aws
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, KEY, REGION, SECRET, Server, serving
from tests.doubles.aws.values import Kept
from tests.registry import PASSWORD, USER, Registry
from tests.runners.bench import Bench, Notes, git

pytestmark = pytest.mark.docker


def _phases(**phases: str) -> str:
    return "phases:\n" + "".join(f"  {name}: {text}\n" for name, text in phases.items())


FAILURES = [
    (_phases(build='{commands: ["set -e\\nfalse\\ntrue"]}'), "BUILD: `set -e false true` ended with exit code 1", 1),
    (_phases(install="{commands: [exit 3]}"), "INSTALL: `exit 3` ended with exit code 3", 3),
    (_phases(build="{commands: [exit 4]}", post_build="{commands: [exit 5]}"), "BUILD: `exit 4`", 4),
    (
        "artifacts: {files: ['*.none']}\n" + _phases(build="{commands: [echo a]}"),
        "no matching artifact paths found",
        None,
    ),
    ("artifacts: {files: [x]}\n" + _phases(build="{commands: [exit 6]}"), "BUILD: `exit 6`", 6),
]


@pytest.fixture
def runner(bench: Bench, registry: Registry) -> BuildspecRunner:
    return BuildspecRunner(bench.containers, registry.environ, bench.root / "caches")


def _work(bench: Bench, spec: str, options: dict[str, Json] | None = None, *, attempt: int = 1) -> Work:
    text = spec if spec.startswith("version") else "version: 0.2\n" + spec
    files = {"buildspec.yml": text}
    return bench.work({"image": "estiva/ci:base", **(options or {})}, bench.source(files), attempt=attempt)


@pytest.mark.parametrize(("spec", "reason", "code"), FAILURES)
async def test_a_failure_is_told_by_what_failed_first(
    runner: BuildspecRunner, bench: Bench, notes: Notes, spec: str, reason: str, code: int | None
) -> None:
    with pytest.raises(ActionFailed) as failed:
        await runner.run(_work(bench, spec), notes)
    assert reason in failed.value.reason
    assert failed.value.exit_code == code


async def test_the_catalogs_variable_beats_the_buildspecs(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    spec = "env: {variables: {A: spec}}\n" + _phases(build="{commands: ['echo $A']}")
    await runner.run(_work(bench, spec, {"env": {"A": "caller"}}), notes)
    assert notes.said() == ["caller"]


async def test_a_build_has_no_network_unless_the_catalog_says_so(
    runner: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = _phases(build="{commands: ['ls /sys/class/net', exit 1]}")
    with pytest.raises(ActionFailed) as failed:
        await runner.run(_work(bench, spec), notes)
    assert notes.said() == ["lo"]
    assert "option network" in failed.value.hint
    opened = Notes()
    with pytest.raises(ActionFailed) as failed:
        await runner.run(_work(bench, spec, {"network": "bridge"}, attempt=2), opened)
    assert "eth0" in opened.said()
    assert not failed.value.hint


async def test_a_build_gets_no_more_processors_than_its_limit(
    runner: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    quota = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; true"
    await runner.run(_work(bench, _phases(build=f"{{commands: ['{quota}']}}"), {"cpus": 0.5}), notes)
    assert notes.said()[0].split()[0] == "50000"


async def test_a_parameter_is_read_only_where_the_catalog_allows_it(
    bench: Bench, notes: Notes, registry: Registry
) -> None:
    spec = "env: {parameter-store: {P: /hello/password}}\n" + _phases(build="{commands: ['echo $P']}")
    with serving(Server()) as server:
        Kept(server).parameters["/hello/password"] = "pa55word-one"
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}
        environ = {**registry.environ, **keys, "AWS_ENDPOINT_URL_SSM": server.url}
        runner = BuildspecRunner(bench.containers, environ, bench.root / "caches")
        with pytest.raises(ActionFailed, match="does not let this build read the parameter /hello/password") as failed:
            await runner.run(_work(bench, spec), notes)
        assert failed.value.error == "no_secret"
        assert server.count("GetParameters") == 0
        allowed = Notes()
        await runner.run(_work(bench, spec, {"parameter_store": ["/hello/*"]}, attempt=2), allowed)
        assert allowed.said() == ["***"]


async def test_a_parameter_is_of_the_account_of_the_environment(
    bench: Bench, notes: Notes, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    spec = "env: {parameter-store: {P: /hello/password}}\n" + _phases(build="{commands: ['echo $P']}")
    clouds = Clouds()
    with serving(Server()) as server:
        role = f"arn:aws:iam::{ACCOUNT}:role/homolog"
        Identities(server).trusted[role] = None
        Kept(server).parameters["/hello/password"] = "pa55word-one"
        place = Aws(account=ACCOUNT, region=REGION, role=role, endpoints=server.endpoints)
        bench.environment = Environment(name="homolog", aws=place)
        runner = BuildspecRunner(bench.containers, registry.environ, bench.root / "caches", clouds=clouds)
        await runner.run(_work(bench, spec, {"parameter_store": ["*"]}), notes)
        assert notes.said() == ["***"]
        asked = next(each for each in server.calls if each.operation == "GetParameters")
        assert server.keys[asked.key].arn.endswith(f"assumed-role/homolog/{bench.run}")
    clouds.close()


@pytest.fixture
def homolog(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """AWS, in which the environment of the work is an account that is entered by a role."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    role = f"arn:aws:iam::{ACCOUNT}:role/homolog"
    with serving(Server()) as server:
        Identities(server).trusted[role] = None
        place = Aws(account=ACCOUNT, region="us-west-2", role=role, endpoints=server.endpoints)
        bench.environment = Environment(name="homolog", aws=place)
        yield server


@pytest.mark.usefixtures("homolog")
async def test_region_and_account_are_those_of_the_environment(bench: Bench, notes: Notes, registry: Registry) -> None:
    elsewhere = {**registry.environ, "AWS_REGION": "eu-central-1"}
    runner = BuildspecRunner(bench.containers, elsewhere, bench.root / "caches")
    spec = _phases(
        build="""{commands: [
        'echo $AWS_REGION $AWS_DEFAULT_REGION $(echo $CODEBUILD_BUILD_ARN | cut -d : -f 4,5)',
        'echo $CODEBUILD_PROJECT_ARN']}"""
    )
    await runner.run(_work(bench, spec), notes)
    assert notes.said() == [
        f"us-west-2 us-west-2 us-west-2:{ACCOUNT}",
        f"arn:aws:codebuild:us-west-2:{ACCOUNT}:project/hello",
    ]


_AS_THE_ROLE = (
    "env: {exported-variables: [AWS_SECRET_ACCESS_KEY, COPY, PLAIN]}\n"
    "artifacts: {files: ['**/*'], name: $AWS_SESSION_TOKEN}\n"
    + _phases(
        build="""{commands: [
        echo up, 'while [ -e wait ]; do sleep 0.1; done',
        'echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN $AWS_REGION',
        'echo ${#AWS_ACCESS_KEY_ID} ${#AWS_SECRET_ACCESS_KEY} ${#AWS_SESSION_TOKEN}',
        'COPY=x$AWS_SECRET_ACCESS_KEY PLAIN=public']}"""
    )
)


async def test_a_build_works_as_the_role_of_its_environment_where_the_catalog_says_so(
    runner: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    work = _work(bench, _AS_THE_ROLE, {"aws": True})
    outcome = await runner.run(work, notes)
    assert notes.said() == ["up", "*** *** *** us-west-2", "20 40 16"]
    assert outcome.variables == {"PLAIN": "public"}
    asked = next(each for each in homolog.calls if each.operation == "AssumeRole")
    assert asked.given["RoleSessionName"] == bench.run
    assert not _leaks(work.workspace)


async def test_a_build_has_no_keys_when_the_catalog_does_not_say_so(
    runner: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    await runner.run(_work(bench, _phases(build="{commands: ['echo ${AWS_ACCESS_KEY_ID-none}']}")), notes)
    assert notes.said() == ["none"]
    assert homolog.calls == []


async def test_keys_of_the_buildspec_itself_win_over_those_of_the_role(
    runner: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    assert homolog.calls == []
    spec = "env: {variables: {AWS_ACCESS_KEY_ID: own, AWS_SECRET_ACCESS_KEY: mine}}\n"
    tells = _phases(build="{commands: ['echo $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-no token}']}")
    await runner.run(_work(bench, spec + tells, {"aws": True}), notes)
    assert notes.said() == ["own no token"]


async def test_a_role_needs_an_environment_with_an_account(
    runner: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    bench.environment = Environment(name="homolog")
    work = _work(bench, _phases(build="{commands: [echo never]}"), {"aws": True})
    with pytest.raises(ActionFailed, match="no environment with an account") as failed:
        await runner.run(work, notes)
    assert failed.value.error == "no_environment"
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def _up(runner: BuildspecRunner, work: Work, notes: Notes) -> "asyncio.Task[Outcome]":
    """Run a build until it says that it is up."""
    task = asyncio.create_task(runner.run(work, notes))
    while "up" not in notes.lines:
        assert not task.done()
        await asyncio.sleep(0.05)
    return task


async def _left_running(runner: BuildspecRunner, bench: Bench, work: Work) -> Notes:
    """Follow a build until it says that it is up, then leave it running as a process does that stops."""
    notes = Notes()
    bench.abandoned = True
    task = await _up(runner, work, notes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return notes


async def test_a_build_that_is_found_again_keeps_the_keys_that_it_began_with(
    runner: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server, registry: Registry
) -> None:
    work = _work(bench, _AS_THE_ROLE, {"aws": True})
    held = Path(work.artifacts["source"]) / "wait"
    held.touch()
    await _left_running(runner, bench, work)
    homolog.denied |= {"sts:AssumeRole"}
    held.unlink()
    clouds = Clouds()  # another process, which knows nothing of the first
    again = BuildspecRunner(bench.containers, registry.environ, bench.root / "caches", clouds=clouds)
    outcome = await again.run(work, notes)
    clouds.close()
    assert notes.said() == ["up", "*** *** *** us-west-2", "20 40 16"]
    assert outcome.variables == {"PLAIN": "public"}
    assert homolog.count("AssumeRole") == 1
    assert not _leaks(work.workspace)


async def test_a_build_that_is_over_hands_on_no_key_to_who_does_not_know_them(
    runner: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    work = _work(bench, _AS_THE_ROLE, {"aws": True})
    await runner.run(work, notes)
    outcome = await runner.run(work, Notes())
    assert outcome.variables == {"PLAIN": "public"}
    assert homolog.count("AssumeRole") == 1
    assert not _leaks(work.workspace)


def _leaks(place: Path) -> list[Path]:
    """Give the files that hold a secret of the double's sessions."""
    texts = {file: file.read_text(errors="replace") for file in place.rglob("*") if file.is_file()}
    return [file for file, text in texts.items() if "s" * 40 in text or "t" * 16 in text]


async def test_a_build_that_takes_too_long_ends_by_itself_and_says_so(
    runner: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = replace(_work(bench, _phases(build="{commands: [echo up, sleep 600]}")), timeout=5)
    with pytest.raises(ActionFailed, match="timed out after 5 s") as failed:
        await runner.run(work, notes)
    assert failed.value.error == "timeout"
    assert "Phase complete: BUILD State: TIMED_OUT" in notes.text
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def test_a_cache_stays_with_the_service(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    spec = "cache: {paths: [n]}\n" + _phases(build="{commands: ['cat n 2>/dev/null || echo fresh', echo kept > n]}")
    await runner.run(_work(bench, spec, {"cache": True}), notes)
    later = Notes()
    source = bench.source({"buildspec.yml": f"version: 0.2\n{spec}"}, run="hello-99")
    options: dict[str, Json] = {"image": "estiva/ci:base", "cache": True}
    await runner.run(bench.work(options, source, run="hello-99"), later)
    assert (notes.said(), later.said()) == (["fresh"], ["kept"])
    assert (bench.root / "caches" / "hello").is_dir()


@pytest.mark.parametrize("shell", ["sh", "bash"])
async def test_the_same_under_both_shells(runner: BuildspecRunner, bench: Bench, notes: Notes, shell: str) -> None:
    spec = f"env: {{shell: {shell}, exported-variables: [TAG, NONE, REGISTRY_PASSWORD]}}\n" + _phases(
        install="{commands: ['A=\"x  y\"', mkdir -p d, cd d]}",
        build="{commands: ['echo \"$A\"', 'basename \"$PWD\"', 'TAG=one']}",
        post_build="{commands: ['TAG=two; echo \"login $REGISTRY_USERNAME:$REGISTRY_PASSWORD\"']}",
    )
    outcome = await runner.run(_work(bench, spec), notes)
    assert notes.said() == ["x  y", "d", "login robot:***"]
    assert outcome.artifacts == {"exported.TAG": "two"}


async def test_a_missing_buildspec_is_named(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    work = bench.work({"image": "estiva/ci:base"}, bench.source({"x": ""}))
    with pytest.raises(ActionFailed, match=r"YAML_FILE_ERROR: stat buildspec.yml: no such file"):
        await runner.run(work, notes)


async def test_a_broken_buildspec_is_told_with_its_line(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    with pytest.raises(ActionFailed, match=r"buildspec.yml: YAML_FILE_ERROR: line 5: Expected Commands\[0\]"):
        await runner.run(_work(bench, "phases:\n  build:\n    commands:\n      - echo a: b\n"), notes)


async def test_the_ecr_sample_builds_pushes_and_hands_the_image_on(
    runner: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry
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
    outcome = await runner.run(bench.work(options, {**source, "commit": commit}), notes)
    assert outcome.artifacts["image"] == f"{bench.service.image}:{commit[:7]}"
    assert outcome.artifacts["digest"].startswith("sha256:")


async def test_cancelling_stops_the_build_within_two_seconds(
    runner: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = _work(bench, _phases(build="{commands: [echo up, sleep 60]}"))
    task = await _up(runner, work, notes)
    async with asyncio.timeout(2):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def test_an_abandoned_build_goes_on_and_is_found_again(
    runner: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    work = _work(
        bench, _phases(build="{commands: ['date +%s%N', echo up, sleep 1.5]}", post_build="{commands: [echo end]}")
    )
    first = await _left_running(runner, bench, work)
    await runner.run(work, notes)
    assert notes.said() == [*first.said(), "end"]


async def test_what_a_dead_process_left_of_a_build_is_stopped(
    runner: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = _work(bench, _phases(build="{commands: [echo up, sleep 60]}"))
    await _left_running(runner, bench, work)
    assert engine.containers(filters=bench.containers.filters(run=work.run))
    await runner.stop(work)
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_old_caches_go_when_a_new_one_comes(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    place = bench.root / "caches" / "hello"
    version = version_of(Cache(paths=("n",)))
    for name in [*(f"other-{number}" for number in range(7)), *(f"{version}/key-{number}" for number in range(12))]:
        (place / name).mkdir(parents=True)
        os.utime(place / name, (1, 1))
    spec = "cache: {paths: [n], key: new}\n" + _phases(build="{commands: [echo x > n]}")
    await runner.run(_work(bench, spec, {"cache": True}), notes)
    assert len(list(place.iterdir())) == 5
    assert len(list((place / version).iterdir())) == 10
    assert (place / version / "key-new").is_dir()


async def test_caches_take_no_more_than_they_may(runner: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    bench.service = replace(bench.service, keep=Keep(caches=1_000_000))
    place = bench.root / "caches" / "hello"
    for age, name in enumerate(("other/key-newer", "more/key-older", "more/key-oldest"), 1):
        (place / name).mkdir(parents=True)
        (place / name / "source.tar").write_bytes(b"x" * (600_000 if age == 2 else 200_000))
        os.utime(place / name, (100 - age, 100 - age))
    spec = "cache: {{paths: [n], key: {0}}}\n" + _phases(build="{{commands: [head -c {1} /dev/zero > n]}}")
    await runner.run(_work(bench, spec.format("small", 300_000), {"cache": True}), notes)
    there = {each.name for each in place.glob("*/key-*")}
    assert there == {"key-small", "key-newer", "key-oldest"}, "what is too large goes, what is newest stays"
    await runner.run(_work(bench, spec.format("large", 2_000_000), {"cache": True}, attempt=2), notes)
    assert {each.name for each in place.glob("*/key-*")} == there
    assert "Cache: it takes" in notes.text


async def test_an_image_is_pulled_with_the_login_of_the_registry(
    runner: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry, engine: Any
) -> None:
    image = f"{bench.service.image}:tools"
    login = {"username": USER, "password": PASSWORD}
    engine.tag("estiva/ci:base", bench.service.image, "tools")
    said = [json.loads(line) for line in engine.push(image, auth_config=login).splitlines()]
    assert not [each for each in said if "error" in each]
    engine.remove_image(image)
    spec = _phases(build="{commands: [echo on]}")
    with pytest.raises(ActionFailed, match="there is no image"):
        await runner.run(_work(bench, spec, {"image": image}), notes)
    await runner.run(_work(bench, spec, {"image": image, "pull": True}, attempt=2), notes)
    engine.remove_image(image)
    assert notes.said() == ["on"]


async def test_an_image_without_a_shell_and_one_that_is_not_there(
    runner: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    with pytest.raises(ActionFailed, match="there is no image estiva/none:here"):
        await runner.run(_work(bench, _phases(build="{commands: [x]}"), {"image": "estiva/none:here"}), notes)
