"""Batches of CodeBuild: followed build by build, told by the one that failed, and started once."""

import asyncio
from dataclasses import replace

import pytest

from tests.aws.images import put
from tests.aws.workshop import COMMIT, Workshop, packed
from tests.doubles.aws.batches import Task
from tests.doubles.aws.builds import Script
from tests.doubles.aws.server import Server
from tests.runners.bench import Notes

BATCH = {"batch": True}
NEVER = Script(lasts={"BUILD": 1e6})
BROKEN = Script(wrong="BUILD", message="Error while executing: make. Reason: exit status 2", log=("boom",))


async def test_all_builds_of_a_batch_are_followed_side_by_side(workshop: Workshop, notes: Notes) -> None:
    linux = Task(name="linux", scripts=[Script(log=("on linux",), exported={"VERSION": "1.4", "OF": "linux"})])
    script = Script(log=("on arm", "done"), exported={"VERSION": "1.4", "OF": "arm"})
    arm = Task(name="arm", scripts=[script], after=("linux",))
    workshop.plan(linux, arm)
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    outcome = await workshop.runner.run(
        workshop.work({**BATCH, "env": {"STAGE": "x"}}, tell=tell, timeout=7_200), notes
    )
    (batch,) = workshop.batches.begun
    assert batch.given["sourceVersion"] == COMMIT
    assert batch.given["buildTimeoutInMinutesOverride"] == 120
    assert "timeoutInMinutesOverride" not in batch.given
    assert {"name": "STAGE", "value": "x", "type": "PLAINTEXT"} in batch.given["environmentVariablesOverride"]
    assert workshop.server.count("StartBuild") == 0
    assert f"hello batch #1 started: {batch.id}" in notes.text
    assert notes.text.count("linux | on linux") == notes.text.count("arm | on arm") == 1
    assert notes.lines.index("linux | on linux") < notes.lines.index("arm | on arm") < notes.lines.index("arm | done")
    assert "linux: BUILD: SUCCEEDED in 2 s" in notes.text
    assert "arm: BUILD: SUCCEEDED in 2 s" in notes.text
    assert outcome.summary == "hello batch #1 succeeded"
    assert outcome.variables == {
        "BUILD_ID": batch.id,
        "VERSION": "1.4",
        "linux_VERSION": "1.4",
        "arm_VERSION": "1.4",
        "linux_OF": "linux",
        "arm_OF": "arm",
    }
    assert told[-1] == "hello batch #1: 2/2"
    assert any(line.endswith(" \u00b7 arm") for line in told)


async def test_the_build_that_failed_is_the_cause_and_not_what_was_stopped_for_it(
    workshop: Workshop, notes: Notes
) -> None:
    workshop.plan(Task(name="slow", scripts=[NEVER]), Task(name="bad", scripts=[BROKEN]), fast_fail=True)
    failure = await workshop.failure(BATCH, notes)
    assert (failure.error, failure.exit_code) == ("build_failed", 2)
    assert failure.reason == (
        "hello batch #1: bad: hello #2 failed in BUILD: COMMAND_EXECUTION_ERROR: "
        "Error while executing: make. Reason: exit status 2"
    )
    assert "bad | boom" in notes.text


async def test_others_that_failed_are_named(workshop: Workshop) -> None:
    workshop.plan(Task(name="one", scripts=[BROKEN]), Task(name="two", scripts=[BROKEN]))
    assert (await workshop.failure(BATCH)).reason.startswith("hello batch #1: one (and two): hello #1 failed in BUILD")


async def test_a_failure_that_is_ignored_fails_nothing(workshop: Workshop, notes: Notes) -> None:
    workshop.plan(Task(name="canary", scripts=[BROKEN], ignored=True), Task(name="linux", after=("canary",)))
    await workshop.build(BATCH, notes)
    assert "canary: BUILD: FAILED" in notes.text


async def test_a_batch_that_the_buildspec_spoils_says_why(workshop: Workshop) -> None:
    workshop.plan(wrong="batch: build-graph: no build is called linus")
    failure = await workshop.failure(BATCH)
    assert failure.error == "build_failed"
    assert failure.reason == (
        "hello batch #1 failed in DOWNLOAD_BATCHSPEC: YAML_FILE_ERROR: batch: build-graph: no build is called linus"
    )


async def test_a_batch_that_somebody_stops_in_aws_was_stopped(workshop: Workshop, notes: Notes) -> None:
    workshop.plan(Task(name="slow", scripts=[NEVER]))
    building = asyncio.create_task(workshop.failure(BATCH, notes))
    async with asyncio.timeout(30):
        while "slow: PRE_BUILD" not in notes.text:  # noqa: ASYNC110 - a sink tells nobody
            await asyncio.sleep(0.02)
    (batch,) = workshop.batches.begun
    workshop.builds.built[0].stopped = batch.stopped = workshop.server.clock.now()
    assert (await building).error == "build_stopped"


async def test_a_cancelled_batch_is_stopped_with_all_its_builds(workshop: Workshop) -> None:
    workshop.plan(Task(name="one", scripts=[NEVER]), Task(name="two", scripts=[NEVER]))
    building = asyncio.create_task(workshop.build(BATCH))
    async with asyncio.timeout(30):
        while len(workshop.builds.built) < 2:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
    assert all(build.stopped for build in workshop.builds.built)
    assert workshop.server.count("StopBuildBatch") == 1


async def test_a_batch_goes_on_when_only_estiva_stops_and_is_found_again(workshop: Workshop, notes: Notes) -> None:
    workshop.plan(Task(name="linux", scripts=[Script(lasts={"BUILD": 400})]))
    building = asyncio.create_task(workshop.build(BATCH, run="hello-600"))
    async with asyncio.timeout(30):
        while not workshop.batches.begun:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    workshop.abandoned = True
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    for number in range(3):  # others build meanwhile: it is no longer on the first page
        building = asyncio.create_task(workshop.build(BATCH, run=f"hello-{601 + number}"))
        await building
    await workshop.build(BATCH, notes=notes, run="hello-600")
    assert len(workshop.batches.begun) == workshop.server.count("StartBuildBatch") == 4


async def test_a_second_attempt_builds_only_again_what_failed(workshop: Workshop, notes: Notes) -> None:
    workshop.plan(Task(name="good"), Task(name="flaky", scripts=[BROKEN, Script()]))
    work = workshop.work(BATCH)
    with pytest.raises(Exception, match="flaky"):
        await workshop.runner.run(work, notes)
    again = replace(work, attempt=2, key=f"{work.run}/build/image/2")
    outcome = await workshop.runner.run(again, notes)
    assert outcome.summary == "hello batch #1 succeeded"
    assert "hello batch #1: what failed is built again" in notes.text
    (batch,) = workshop.batches.begun
    assert {name: len(tries) for name, tries in batch.tries.items()} == {"good": 1, "flaky": 2}


async def test_a_batch_that_was_stopped_is_started_anew(workshop: Workshop) -> None:
    workshop.plan(Task(name="linux", scripts=[NEVER]))
    work = workshop.work(BATCH)
    building = asyncio.create_task(workshop.runner.run(work, Notes()))
    async with asyncio.timeout(30):
        while not workshop.builds.built:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    workshop.plan(Task(name="linux"))
    outcome = await workshop.runner.run(replace(work, attempt=2, key=f"{work.run}/build/image/2"), Notes())
    assert outcome.summary == "hello batch #2 succeeded"
    assert workshop.server.count("RetryBuildBatch") == 0


async def test_artifacts_that_are_combined_are_fetched_as_one(workshop: Workshop, notes: Notes) -> None:
    workshop.objects.kept["kept"] = {"all": packed({"linux/a.txt": "a", "arm/a.txt": "b"})}
    workshop.plan(Task(name="linux"), Task(name="arm"), combined="arn:aws:s3:::kept/all")
    work = workshop.work({**BATCH, "fetch": True})
    outcome = await workshop.runner.run(work, notes)
    assert (work.workspace / "artifacts" / "arm" / "a.txt").read_text() == "b"
    assert outcome.variables["ARTIFACTS"] == "arn:aws:s3:::kept/all"


async def test_artifacts_that_are_not_combined_have_a_folder_each(workshop: Workshop, notes: Notes) -> None:
    workshop.objects.kept["kept"] = {"linux": packed({"a.txt": "a"}), "arm": packed({"a.txt": "b"})}
    tasks = [Task(name=name, location=f"arn:aws:s3:::kept/{name}") for name in ("linux", "arm")]
    workshop.plan(*tasks)
    work = workshop.work({**BATCH, "fetch": True})
    await workshop.runner.run(work, notes)
    assert (work.workspace / "secondary-artifacts" / "linux" / "a.txt").read_text() == "a"
    assert (work.workspace / "secondary-artifacts" / "arm" / "a.txt").read_text() == "b"


async def test_the_image_that_one_build_exports_is_handed_on(workshop: Workshop) -> None:
    digest = put(workshop.registry, "workshop", "of-a-batch", tag="of-a-batch")
    workshop.plan(Task(name="test"), Task(name="image", scripts=[Script(exported={"IMAGE_DIGEST": digest})]))
    assert (await workshop.build(BATCH)).artifacts["digest"] == digest


async def test_a_project_that_is_not_set_up_for_batches_is_said_before_anything_starts(workshop: Workshop) -> None:
    failure = await workshop.failure(BATCH)
    assert (failure.error, failure.reason) == (
        "no_batch",
        "the CodeBuild project hello is not set up for batches",
    )
    assert workshop.server.count("StartBuildBatch") == 0


@pytest.mark.parametrize("operation", ["StartBuildBatch", "BatchGetBuildBatches", "ListBuildBatchesForProject"])
async def test_a_missing_permission_is_named(workshop: Workshop, server: Server, operation: str) -> None:
    workshop.plan(Task(name="linux"))
    server.denied.add(f"codebuild:{operation}")
    failure = await workshop.failure(BATCH)
    assert failure.error == "aws_denied"
    assert f"allow codebuild:{operation}" in failure.hint


async def test_a_full_queue_may_pass(workshop: Workshop) -> None:
    workshop.plan(Task(name="linux"))
    workshop.builds.most = 0
    failure = await workshop.failure(BATCH)
    assert (failure.error, failure.retryable) == ("queue_full", True)


def test_what_codebuild_does_not_do_with_batches_is_said(workshop: Workshop) -> None:
    assert workshop.runner.problems({"project": "x", "batch": True, "auto_retry": 1}) == [
        "option auto_retry: CodeBuild does not try the builds of a batch again by itself"
    ]
