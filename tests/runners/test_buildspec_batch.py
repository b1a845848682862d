"""The kind `buildspec` with `batch: true`; which builds a file comes to is shown in `conformance/`."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.buildspec.copies import combined, copied
from runners.buildspec.record import Made
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed, Work
from runners.excerpt import excerpt_of
from storage.model.catalog import Json
from tests.aws.images import put
from tests.registry import PASSWORD, USER, Registry
from tests.runners.bench import Bench, Notes
from tests.runners.building import build, left_running, up

pytestmark = pytest.mark.docker
TWO = "batch: {build-list: [{identifier: one}, {identifier: two}]}\n"
NAME = "$CODEBUILD_BATCH_BUILD_IDENTIFIER"


def _work(
    bench: Bench,
    spec: str,
    options: Mapping[str, Json] | None = None,
    *,
    attempt: int = 1,
    files: Mapping[str, str] | None = None,
) -> Work:
    return build(bench, spec, {"batch": True, **(options or {})}, attempt=attempt, files=files)


def _said(notes: Notes) -> list[str]:
    return sorted(line for line in notes.lines if "[Container]" not in line)


async def _failure(builder: BuildspecRunner, work: Work, notes: Notes) -> ActionFailed:
    with pytest.raises(ActionFailed) as failed:
        await builder.run(work, notes)
    return failed.value


async def test_all_builds_of_a_batch_are_done_and_hand_on_together(
    builder: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry
) -> None:
    digest = put(registry, bench.service.image.partition("/")[2], "x", tag="c0ffee1")
    definitions = json.dumps([{"name": "web", "imageUri": f"{bench.service.image}:c0ffee1"}])
    spec = (
        "batch: {build-graph: [{identifier: arm, depend-on: [linux]}, {identifier: linux}]}\n"
        "env: {exported-variables: [VERSION, BUILT]}\n"
        f"phases: {{build: {{commands: [BUILT={NAME} VERSION=1.4, echo on $BUILT, echo $BUILT >who, touch $BUILT]}}}}\n"
        "artifacts: {files: [who, linux, arm, definitions/*], discard-paths: yes,"
        " secondary-artifacts: {docs: {files: who}}}\n"
    )
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    work = _work(bench, spec, files={"definitions/imagedefinitions.json": definitions})
    outcome = await builder.run(replace(work, tell=tell), notes)
    assert _said(notes) == ["arm | on arm", "linux | on linux"]
    assert notes.lines.index("linux | on linux") < notes.lines.index("arm | on arm")
    assert outcome.variables == {
        "VERSION": "1.4",
        "arm_VERSION": "1.4",
        "linux_VERSION": "1.4",
        "arm_BUILT": "arm",
        "linux_BUILT": "linux",
    }
    assert (outcome.artifacts["digest"], outcome.artifacts["exported.VERSION"]) == (digest, "1.4")
    made = work.workspace / "artifacts"
    assert sorted(each.name for each in made.iterdir()) == ["arm", "imagedefinitions.json", "linux", "who"]
    assert (made / "who").read_text() == "linux\n", "of equal names the later one of the file stays"
    assert (work.workspace / "secondary-artifacts" / "arm" / "docs" / "who").read_text() == "arm\n"
    number = bench.run.rpartition("-")[2]
    assert told == [f"hello batch #{number}: {n}" for n in ("0/2 · linux", "1/2", "1/2 · arm", "2/2")]


async def test_without_an_image_its_tests_or_its_name_are_the_summary(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    outcome = await builder.run(_work(bench, TWO + "phases: {build: {commands: [echo on]}}\n"), notes)
    assert outcome.summary == f"hello batch #{bench.run.rpartition('-')[2]} succeeded"
    spec = TWO + "phases: {}\nreports: {unit: {files: [unit.xml]}}\n"
    xml = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>'
    outcome = await builder.run(_work(bench, spec, attempt=2, files={"unit.xml": xml}), notes)
    assert outcome.summary == "tests: 4 passed"


async def test_the_build_that_failed_is_the_cause_and_not_what_was_stopped_for_it(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    spec = (
        "batch: {fast-fail: true, build-graph: [{identifier: slow}, {identifier: bad},"
        " {identifier: after, depend-on: [slow]}]}\n"
        "phases: {build: {commands: ['if [ " + NAME + " = slow ]; then touch here; sleep 60; fi',"
        " 'echo the cause is $((40 + 2)); exit 3']}}\n"
    )
    work = _work(bench, spec)
    failed = await _failure(builder, work, notes)
    assert (failed.error, failed.exit_code) == ("build_failed", 3)
    name = f"hello batch #{bench.run.rpartition('-')[2]}"
    assert failed.reason.startswith(f"{name}: bad: BUILD: `echo the cause is")
    assert "option network" in failed.hint
    assert excerpt_of(notes.lines) == ["bad | the cause is 42"]
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_others_that_failed_are_named_and_an_ignored_one_is_no_cause(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = (
        "batch: {build-graph: [{identifier: canary, ignore-failure: true}, {identifier: one, depend-on: [canary]},"
        " {identifier: two, depend-on: [canary]}]}\n"
        f"phases: {{build: {{commands: ['echo {NAME} says no; exit 1']}}}}\n"
    )
    failed = await _failure(builder, _work(bench, spec), notes)
    first, other = ("one", "two") if ": one (" in failed.reason else ("two", "one")
    assert f": {first} (and {other}): BUILD: `" in failed.reason
    assert "Build canary: FAILED, which is ignored" in notes.text
    assert excerpt_of(notes.lines)[0].endswith(("one | one says no", "two | two says no"))


async def test_a_build_whose_failure_is_ignored_hands_nothing_on(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = (
        "batch: {build-list: [{identifier: canary, ignore-failure: true}, {identifier: good}]}\n"
        "env: {exported-variables: [WHO]}\n"
        f"phases: {{build: {{commands: [WHO={NAME}, echo $WHO > who, test $WHO = good]}}}}\n"
        "artifacts: {files: who}\n"
    )
    work = _work(bench, spec)
    outcome = await builder.run(work, notes)
    assert outcome.variables == {"WHO": "good", "good_WHO": "good"}
    assert (work.workspace / "artifacts" / "who").read_text() == "good\n"


async def test_a_file_without_a_batch_is_told(builder: BuildspecRunner, bench: Bench, notes: Notes) -> None:
    failed = await _failure(builder, _work(bench, "phases: {build: {commands: [echo never]}}\n"), notes)
    assert (failed.reason, failed.error) == (
        "buildspec.yml: YAML_FILE_ERROR: the buildspec has no batch",
        "bad_buildspec",
    )


BOTH_UP = ("one | up", "two | up")
HELD = TWO + "phases: {build: {commands: ['date +%s%N', echo up, 'while [ ! -e go ]; do sleep 0.1; done', echo end]}}\n"


async def test_an_abandoned_batch_goes_on_and_each_build_is_found_again(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = _work(bench, HELD)
    first = await left_running(builder, bench, work, *BOTH_UP)
    bench.abandoned = False
    assert len(engine.containers(filters=bench.containers.filters(run=work.run))) == 2
    assert "STOPPED" not in first.text
    for place in (work.workspace / ".batch").rglob("source"):
        (place / "go").touch()
    await builder.run(work, notes)
    assert _said(notes) == sorted([*_said(first), "one | end", "two | end"]), "nothing was done twice"
    again = Notes()
    await builder.run(work, again)  # it died again before anybody wrote the end down
    assert "Build one: SUCCEEDED" in again.text
    assert _said(again) == []
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_cancelling_stops_all_builds_within_two_seconds(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = _work(bench, HELD)
    task = await up(builder, work, notes, *BOTH_UP)
    async with asyncio.timeout(2):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_what_a_dead_process_left_of_a_batch_is_stopped(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    work = _work(bench, HELD)
    await left_running(builder, bench, work, *BOTH_UP)
    assert len(engine.containers(filters=bench.containers.filters(run=work.run))) == 2
    await builder.stop(work)
    assert not engine.containers(all=True, filters=bench.containers.filters(run=work.run))


async def test_another_attempt_begins_with_the_source_as_it_was(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = TWO + "phases: {build: {commands: [test ! -e made, touch made]}}\n"
    await builder.run(_work(bench, spec), notes)
    await builder.run(_work(bench, spec, attempt=2), notes)
    assert not (bench.root / "runs" / bench.run / "source" / "made").exists()


async def test_a_batch_that_takes_too_long_ends_by_itself_and_says_so(
    builder: BuildspecRunner, bench: Bench, notes: Notes
) -> None:
    spec = (
        "batch: {build-graph: [{identifier: one}, {identifier: two, depend-on: [one]}]}\n"
        "phases: {build: {commands: ['echo up; sleep ${LONG:-4}']}}\n"
    )
    work = replace(_work(bench, spec), timeout=7)
    async with asyncio.timeout(14):
        failed = await _failure(builder, work, notes)
    assert failed.error == "timeout"
    assert ": two: timed out after 7 s" in failed.reason, "all of them have that long together"


class TestAllowed:
    """What a build of a batch may ask for is what the catalog allows."""

    IMAGE = "batch: {build-list: [{identifier: one, env: {image: IMAGE}}]}\nphases: {build: {commands: [echo on]}}\n"

    async def test_an_image_that_the_catalog_does_not_name(
        self, builder: BuildspecRunner, bench: Bench, notes: Notes
    ) -> None:
        spec = self.IMAGE.replace("IMAGE", "estiva/busybox:base")
        failed = await _failure(builder, _work(bench, spec, {"pull": True}), notes)
        assert failed.reason.endswith(": one: the catalog does not let this build run in estiva/busybox:base")
        assert (failed.error, failed.hint) == ("image_missing", "name it in the action's option images")
        work = _work(bench, spec, {"images": ["estiva/busy*"]}, attempt=2)
        await builder.run(work, notes)
        assert _said(notes) == ["one | on"]

    async def test_an_image_of_elsewhere_is_not_asked_for_with_the_registrys_password(
        self, bench: Bench, notes: Notes, registry: Registry
    ) -> None:
        """The catalog's own image is of the registry, that of the build is not."""
        environ = {**registry.environ}
        builder = BuildspecRunner(bench.containers, environ, bench.root / "caches")
        other = f"localhost:{registry.host.rpartition(':')[2]}/{bench.service.image.partition('/')[2]}:x"
        put(registry, bench.service.image.partition("/")[2], "x", tag="x")
        options: dict[str, Json] = {"image": f"{bench.service.image}:x", "images": ["localhost:*"], "pull": True}
        failed = await _failure(builder, _work(bench, self.IMAGE.replace("IMAGE", other), options), notes)
        assert failed.error == "image_missing"
        assert "no basic auth credentials" in failed.reason or "unauthorized" in failed.reason.lower()
        assert not [secret for secret in (USER, PASSWORD) if secret in failed.reason]

    @pytest.mark.parametrize(("option", "env", "there"), [(True, "", 2), (True, "no", 1), (False, "yes", 1)])
    async def test_the_engine_is_within_reach_where_both_say_so(
        self, builder: BuildspecRunner, bench: Bench, notes: Notes, *, option: bool, env: str, there: int
    ) -> None:
        asked = f", env: {{privileged-mode: {env}}}" if env else ""
        spec = (
            f"batch: {{build-list: [{{identifier: one{asked}}}]}}\n"
            "phases: {build: {commands: [echo on, 'if [ -S /var/run/docker.sock ]; then echo engine; fi']}}\n"
        )
        await builder.run(_work(bench, spec, {"privileged": option}), notes)
        assert len(_said(notes)) == there


def test_artifacts_that_are_put_together_go_nowhere_else(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    first, second = tmp_path / "a" / "first", tmp_path / "a" / "second"
    (first / "kept").mkdir(parents=True)
    (first / "link").symlink_to("kept")
    (first / "out").symlink_to("../../outside")
    (first / "both").touch()
    for name in ("link", "out", "both"):
        (second / name).mkdir(parents=True)
        (second / name / "x").write_text("second")
    target = tmp_path / "made"
    combined([Made(location=str(each), files=()) for each in (first, second)], target)
    assert list(outside.iterdir()) == []
    assert (target / "out" / "x").read_text() == "second"
    assert (target / "both").is_file()


def test_a_copy_that_was_cut_off_is_made_anew_and_a_whole_one_is_left_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "copy"
    (source / "folder").mkdir(parents=True)
    (source / "folder" / "x").write_text("whole")
    (source / "folder" / "link").symlink_to("x")
    os.mkfifo(source / "folder" / "pipe")
    (tmp_path / "copy.new" / "folder").mkdir(parents=True)
    (tmp_path / "copy.new" / "left").touch()
    copied(source, target)
    assert sorted(each.name for each in target.rglob("*")) == ["folder", "link", "x"]
    assert (target / "folder" / "link").is_symlink()
    (source / "folder" / "x").write_text("changed")
    copied(source, target)
    assert (target / "folder" / "x").read_text() == "whole"
