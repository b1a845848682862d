"""Conformance: what a build does, as CodeBuild does it. One container per row, in the CI image."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runners.buildspec.parser import parse
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed
from storage.model.catalog import Json
from tests.registry import Registry
from tests.runners.bench import Bench, Notes, git

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Case:
    """A buildspec (version 0.2 unless it says otherwise), what its commands print, and how it ends."""

    name: str
    spec: str
    said: tuple[str, ...] = ()
    failure: str = ""
    code: int | None = None
    options: dict[str, Json] = field(default_factory=dict)
    artifacts: tuple[str, ...] | None = None
    log: tuple[str, ...] = ()


def _phases(**phases: str) -> str:
    return "phases:\n" + "".join(f"  {name}: {text}\n" for name, text in phases.items())


CASES = [
    Case(
        "a variable set without export is seen two phases later, by children too",
        _phases(install="{commands: ['FOO=\"a b\"']}", build="{commands: ['sh -c \"echo =$FOO=\"']}"),
        ("=a b=",),
    ),
    Case(
        "the directory persists across phases, artifacts are relative to the source",
        "artifacts: {files: top.txt}\n"
        + _phases(
            install="{commands: ['mkdir -p sub && echo t > top.txt', cd sub]}", build="{commands: ['basename $PWD']}"
        ),
        ("sub",),
        artifacts=("top.txt",),
    ),
    Case(
        "exit 0 ends one item as success and saves nothing of it",
        _phases(build="{commands: ['A=1; cd /; exit 0; echo never', 'echo \"<$A>\"; basename $PWD']}"),
        ("<>", "source"),
    ),
    Case("only the last line of an item counts", _phases(build='{commands: ["false\\ntrue", echo on]}'), ("on",)),
    Case(
        "unless the item begins with set -e, which does not last",
        _phases(build='{commands: ["set -e\\ntrue", "false\\ntrue", "set -e\\nfalse\\ntrue", echo never]}'),
        failure="BUILD: `set -e false true` ended with exit code 1",
        code=1,
    ),
    Case(
        "a function is lost",
        _phases(build="{commands: ['f() { echo f; }; f', 'exec 2>/dev/null; f']}"),
        ("f",),
        failure="BUILD: `exec 2>/dev/null; f` ended with exit code 127",
        code=127,
    ),
    Case(
        "after a failed install its finally runs, and nothing else",
        _phases(install="{commands: [exit 3], finally: [echo last]}", post_build="{commands: [echo never]}"),
        ("last",),
        failure="INSTALL: `exit 3` ended with exit code 3",
        code=3,
        log=("Command did not exit successfully exit 3 exit status 3", "Phase complete: INSTALL State: FAILED"),
    ),
    Case(
        "after a failed build post_build runs, told that it failed, and artifacts are collected",
        "artifacts: {files: [out]}\n"
        + _phases(
            build="{commands: [touch out, exit 4, echo never]}",
            post_build="{commands: [echo =$CODEBUILD_BUILD_SUCCEEDING=]}",
        ),
        ("=0=",),
        failure="BUILD",
        code=4,
        artifacts=("out",),
    ),
    Case(
        "a failed post_build still collects artifacts",
        "artifacts: {files: [out]}\n" + _phases(post_build="{commands: [touch out, exit 5]}"),
        failure="POST_BUILD",
        code=5,
        artifacts=("out",),
    ),
    Case(
        "artifacts that match nothing fail the build",
        "artifacts: {files: ['*.none']}\n" + _phases(build="{commands: [echo a]}"),
        ("a",),
        failure="no matching artifact paths found",
    ),
    Case(
        "version 0.1 starts each command afresh",
        "version: 0.1\n" + _phases(build="{commands: ['A=1; cd /', 'echo \"<$A>\"; basename $PWD']}"),
        ("<>", "source"),
    ),
    Case(
        "the caller's variable beats the buildspec's, values are literal",
        'env: {variables: {A: spec, B: $PATH:/x, Q: "it\'s"}}\n' + _phases(build="{commands: ['echo \"$A $B $Q\"']}"),
        ("caller $PATH:/x it's",),
        options={"env": {"A": "caller"}},
    ),
    Case(
        "commands may be one block",
        _phases(build='{commands: "A=1\\necho block $A\\n"}'),
        ("block 1",),
    ),
    Case(
        "globs: base directory, exclusion, flattening",
        "artifacts: {base-directory: 'out-*', files: ['**/*'], exclude-paths: ['**/*.log'], discard-paths: yes}\n"
        + _phases(build="{commands: ['mkdir -p out-1/a/b && touch out-1/x out-1/a/b/y out-1/a/z.log top']}"),
        artifacts=("x", "y"),
    ),
    Case(
        "a star stays in its directory, variables stand in patterns",
        "artifacts: {files: ['$DIR/*']}\n" + _phases(build="{commands: ['DIR=d; mkdir -p d/e && touch d/x d/e/y']}"),
        artifacts=("d/x",),
    ),
    Case(
        "a link out of the source is never collected",
        "artifacts: {files: ['**/*']}\n"
        + _phases(build="{commands: [ln -s /etc/passwd stolen, touch ok, 'rm buildspec.yml']}"),
        artifacts=("ok",),
        log=("Skipping invalid file path stolen: it leads out of the source",),
    ),
    Case(
        "bash has its arrays within one item",
        "env: {shell: bash}\n"
        + _phases(build="{commands: ['a=(x y); echo ${a[1]}', 'echo \"<${a[1]}>\"', '[[ -n $BASH ]]']}"),
        ("y", "<>"),
    ),
    Case(
        "a phase is retried while its message matches",
        _phases(build="{on-failure: RETRY-2-status 7, commands: ['echo try; exit 7'], finally: [echo last]}"),
        ("try", "try", "try", "last"),
        failure="BUILD",
        code=7,
    ),
    Case(
        "and not when it does not",
        _phases(build="{on-failure: RETRY-2-status 8, commands: ['echo try; exit 7']}"),
        ("try",),
        failure="BUILD",
        code=7,
    ),
    Case(
        "on-failure CONTINUE goes on, the build has failed all the same",
        _phases(install="{on-failure: CONTINUE, commands: [exit 2]}", build="{commands: [echo on]}"),
        ("on",),
        failure="INSTALL",
        code=2,
    ),
    Case(
        "on-failure ABORT stops even before post_build",
        _phases(build="{on-failure: ABORT, commands: [exit 2]}", post_build="{commands: [echo never]}"),
        failure="BUILD",
        code=2,
    ),
    Case(
        "unset lasts, quotes and lines of a value stay whole",
        _phases(
            build='{commands: ["A=\'one\\n  \\"two\\"\'; export B=1", unset B, \'echo "$A<$B>"\']}',
        ),
        ("one", '  "two"<>'),
    ),
    Case(
        "reads nothing from the terminal and has CodeBuild's variables",
        _phases(
            build="{commands: [cat, 'echo $CODEBUILD_BUILD_SUCCEEDING $CODEBUILD_RESOLVED_SOURCE_VERSION $HOME']}",
            post_build="{commands: ['test $PWD = $CODEBUILD_SRC_DIR']}",
        ),
        ("1 c0ffee1000000000000000000000000000000000 /root",),
    ),
]


@pytest.fixture
def runner(bench: Bench, registry: Registry) -> BuildspecRunner:
    return BuildspecRunner(bench.containers, registry.environ, bench.root / "caches")


def _work(bench: Bench, spec: str, options: dict[str, Json] | None = None) -> Any:
    text = spec if spec.startswith("version") else "version: 0.2\n" + spec
    files = {"buildspec.yml": text}
    return bench.work({"image": "estiva/ci:base", **(options or {})}, bench.source(files))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_does_as_codebuild_does(runner: BuildspecRunner, bench: Bench, notes: Notes, case: Case) -> None:
    work = _work(bench, case.spec, case.options)
    if case.failure:
        with pytest.raises(ActionFailed) as failed:
            await runner.run(work, notes)
        assert case.failure in failed.value.reason
        assert failed.value.exit_code == case.code
    else:
        await runner.run(work, notes)
    assert tuple(_printed(case.spec, notes)) == case.said, notes.text
    for line in case.log:
        assert any(each.endswith(line) for each in notes.lines), (line, notes.text)
    if case.artifacts is not None:
        assert _collected(work.workspace / "artifacts") == sorted(case.artifacts)


def _printed(spec: str, notes: Notes) -> list[str]:
    """What commands printed, without the later lines of the commands themselves as they are announced."""
    phases = parse(spec if spec.startswith("version") else "version: 0.2\n" + spec).phases.values()
    commands = [command for phase in phases for command in (*phase.commands, *phase.last)]
    later = {line for command in commands for line in command.splitlines()[1:]}
    return [line for line in notes.said() if line not in later]


def _collected(place: Path) -> list[str]:
    return sorted(each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file())


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
    task = asyncio.create_task(runner.run(work, notes))
    while "up" not in notes.lines:
        assert not task.done()
        await asyncio.sleep(0.05)
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
    first = Notes()
    bench.abandoned = True
    task = asyncio.create_task(runner.run(work, first))
    while "up" not in first.lines:
        assert not task.done()
        await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await runner.run(work, notes)
    assert notes.said() == [*first.said(), "end"]


async def test_an_image_without_a_shell_and_one_that_is_not_there(
    runner: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    with pytest.raises(ActionFailed, match="there is no image estiva/none:here"):
        await runner.run(_work(bench, _phases(build="{commands: [x]}"), {"image": "estiva/none:here"}), notes)
