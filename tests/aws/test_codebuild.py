"""A build of CodeBuild, on a strict double whose builds go two hundred times as fast as AWS's."""

import asyncio

import pytest

from runners.contract import ActionFailed
from tests.aws.workshop import COMMIT, Workshop
from tests.doubles.aws.builds import Script
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes

LOG = tuple(f"line {number}" for number in range(1, 12))


async def test_builds_the_commit_of_the_run_and_hands_on_what_the_buildspec_exports(
    workshop: Workshop, notes: Notes
) -> None:
    workshop.script(Script(exported={"VERSION": "1.4.2"}, location="arn:aws:s3:::kept/hello.zip"))
    outcome = await workshop.build(notes=notes, run="hello-77")
    assert workshop.given()["sourceVersion"] == COMMIT
    assert workshop.variables() == {
        "ESTIVA_KEY": "hello-77/build/image/1",
        "ESTIVA_RUN": "hello-77",
        "ESTIVA_SERVICE": "hello",
        "ESTIVA_COMMIT": COMMIT,
        "IMAGE_REPOSITORY": f"{workshop.registry.host}/workshop",
    }
    build = workshop.builds.built[0]
    assert outcome.variables == {
        "VERSION": "1.4.2",
        "BUILD_ID": build.id,
        "ARTIFACTS": "arn:aws:s3:::kept/hello.zip",
    }
    assert outcome.artifacts == {"exported.VERSION": "1.4.2"}
    assert "BUILD: SUCCEEDED in 2 s" in notes.text
    assert f"hello #1 started: {build.id}" in notes.text


async def test_overrides_what_the_action_says(workshop: Workshop) -> None:
    await workshop.build(
        {
            "source_version": "release/1",
            "buildspec": "ci/buildspec.yml",
            "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "privileged": True,
            "compute_type": "BUILD_GENERAL1_LARGE",
            "env": {"STAGE": "homolog", "JOBS": 4},
            "parameter_store": {"TOKEN": "/hello/token"},
            "secrets_manager": {"PASSWORD": "hello:password"},
        }
    )
    given = workshop.given()
    assert given["sourceVersion"] == "release/1"
    assert given["buildspecOverride"] == "ci/buildspec.yml"
    assert given["imageOverride"] == "aws/codebuild/amazonlinux2-x86_64-standard:5.0"
    assert given["privilegedModeOverride"] is True
    assert given["computeTypeOverride"] == "BUILD_GENERAL1_LARGE"
    variables = given["environmentVariablesOverride"]
    assert {"name": "JOBS", "value": "4", "type": "PLAINTEXT"} in variables
    assert {"name": "TOKEN", "value": "/hello/token", "type": "PARAMETER_STORE"} in variables
    assert {"name": "PASSWORD", "value": "hello:password", "type": "SECRETS_MANAGER"} in variables


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(7_200, 120), (7_201, 121), (30, 5), (1_000_000, 2_160), (None, None)]
)
async def test_a_build_may_take_as_long_as_its_action(
    workshop: Workshop, seconds: int | None, minutes: int | None
) -> None:
    await workshop.build(timeout=seconds)
    assert workshop.given().get("timeoutInMinutesOverride") == minutes


async def test_shows_every_line_of_the_log_once_and_in_order(workshop: Workshop, notes: Notes) -> None:
    workshop.script(Script(log=LOG, seconds=3))
    await workshop.build(notes=notes)
    assert [line for line in notes.lines if line.startswith("line ")] == list(LOG)


async def test_shows_the_log_while_it_is_written(workshop: Workshop, notes: Notes) -> None:
    workshop.script(Script(log=LOG, lasts={"BUILD": 1e6}))
    building = asyncio.create_task(workshop.build(notes=notes))
    async with asyncio.timeout(60):
        while "line 5" not in notes.text:  # noqa: ASYNC110 - a sink tells nobody
            await asyncio.sleep(0.02)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building


async def test_a_log_that_may_not_be_read_does_not_fail_the_build(workshop: Workshop, notes: Notes) -> None:
    workshop.server.denied.add("logs:GetLogEvents")
    await workshop.build(notes=notes)
    assert notes.text.count("the log /aws/codebuild/hello cannot be read") == 1
    assert "allow logs:GetLogEvents" in notes.text


async def test_a_project_that_logs_elsewhere_is_said(workshop: Workshop, notes: Notes) -> None:
    workshop.script(Script(), logsConfig={"cloudWatchLogs": {"status": "DISABLED"}})
    await workshop.build(notes=notes)
    assert "hello #1 does not log to CloudWatch" in notes.text


@pytest.mark.parametrize(
    ("script", "error", "reason", "exit_code"),
    [
        (
            Script(wrong="BUILD", message="Error while executing: make. Reason: exit status 2"),
            "build_failed",
            "hello #1 failed in BUILD: COMMAND_EXECUTION_ERROR: Error while executing: make. Reason: exit status 2",
            2,
        ),
        (
            Script(wrong="DOWNLOAD_SOURCE", code="YAML_FILE_ERROR", message="stat buildspec.yml: no such file"),
            "build_failed",
            "hello #1 failed in DOWNLOAD_SOURCE: YAML_FILE_ERROR: stat buildspec.yml: no such file",
            None,
        ),
        (
            Script(wrong="PROVISIONING", status="FAULT", code="INTERNAL_SERVICE_ERROR", message="Please try again"),
            "build_fault",
            "CodeBuild itself went wrong with hello #1 in PROVISIONING: INTERNAL_SERVICE_ERROR: Please try again",
            None,
        ),
        (
            Script(wrong="BUILD", status="TIMED_OUT", code="BUILD_TIMED_OUT", message="Build has timed out."),
            "build_timed_out",
            "hello #1 took longer than it may in BUILD: BUILD_TIMED_OUT: Build has timed out.",
            None,
        ),
    ],
)
async def test_every_bad_end_is_told_apart(
    workshop: Workshop, script: Script, error: str, reason: str, exit_code: int | None
) -> None:
    workshop.script(script)
    failure = await workshop.failure()
    assert (failure.error, failure.reason, failure.exit_code) == (error, reason, exit_code)
    assert failure.retryable == (error == "build_fault")


async def test_a_build_that_somebody_stops_in_aws_was_stopped(workshop: Workshop, notes: Notes) -> None:
    workshop.script(Script(lasts={"BUILD": 1e6}))
    building = asyncio.create_task(workshop.failure(notes=notes))
    async with asyncio.timeout(60):
        while "PRE_BUILD" not in notes.text:  # noqa: ASYNC110 - a sink tells nobody
            await asyncio.sleep(0.02)
    workshop.builds.built[0].stopped = workshop.server.clock.now()
    failure = await building
    assert (failure.error, failure.reason) == ("build_stopped", "somebody stopped hello #1 in AWS in BUILD")


async def test_a_retry_of_codebuild_is_followed(workshop: Workshop, notes: Notes) -> None:
    workshop.script(
        Script(wrong="BUILD", message="exit status 1", log=("first try",)),
        Script(log=("second try",)),
        autoRetryLimit=1,
    )
    outcome = await workshop.build(notes=notes)
    assert outcome.variables["BUILD_ID"] == workshop.builds.built[1].id
    assert "hello #1 ended as FAILED; CodeBuild tries again: hello #2" in notes.text
    assert notes.lines.index("first try") < notes.lines.index("second try")


async def test_a_retry_that_fails_too_is_the_failure(workshop: Workshop) -> None:
    workshop.script(Script(wrong="BUILD", message="exit status 1"))
    failure = await workshop.failure({"auto_retry": 2})
    assert failure.reason.startswith("hello #3 failed in BUILD")
    assert len(workshop.builds.built) == 3


async def test_a_cancelled_build_is_stopped(workshop: Workshop) -> None:
    workshop.script(Script(lasts={"BUILD": 1e6}))
    building = asyncio.create_task(workshop.build())
    async with asyncio.timeout(60):
        while not workshop.builds.built:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
    assert workshop.builds.built[0].stopped is not None


@pytest.mark.parametrize("awaited", [True, False])
async def test_what_codebuild_would_try_again_by_itself_is_stopped_too(workshop: Workshop, *, awaited: bool) -> None:
    """Cancelled between the end of a build that failed and the try that CodeBuild begins a moment later."""
    workshop.script(Script(wrong="BUILD", message="exit status 1"), Script(lasts={"BUILD": 1e6}), autoRetryLimit=1)
    workshop.builds.retry_after = 60
    building = asyncio.create_task(workshop.build(run="hello-503"))
    async with asyncio.timeout(60):
        while not (workshop.builds.built and workshop.builds.status(workshop.builds.built[0]) == "FAILED"):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.005)
        assert len(workshop.builds.built) == 1
        workshop.abandoned = not awaited
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        if not awaited:
            await workshop.runner.stop(workshop.work(run="hello-503"))
    assert [workshop.builds.status(build) for build in workshop.builds.built] == ["FAILED", "STOPPED"]


async def test_a_try_that_codebuild_does_not_begin_is_not_waited_for_without_end(
    workshop: Workshop, notes: Notes
) -> None:
    workshop.script(Script(wrong="BUILD", message="exit status 1"), autoRetryLimit=1)
    workshop.builds.retry_after = 1e6
    assert (await workshop.failure(notes=notes)).error == "build_failed"
    assert "hello #1 may be tried again, and CodeBuild has not begun to: see that the role of the project" in notes.text


async def test_a_build_goes_on_when_only_estiva_stops_and_is_found_again(workshop: Workshop, notes: Notes) -> None:
    workshop.script(Script(lasts={"BUILD": 1e6}, log=LOG))
    building = asyncio.create_task(workshop.build(run="hello-500"))
    async with asyncio.timeout(60):
        while not workshop.builds.built:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    workshop.abandoned = True
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert workshop.builds.built[0].stopped is None
    workshop.server.clock.skip(1e6)
    for _ in range(7):  # others build meanwhile: it is no longer on the first page
        workshop.builds.start("hello")
    await workshop.build(notes=notes, run="hello-500")
    assert "hello #1 was started before" in notes.text
    assert workshop.server.count("StartBuild") == 1


async def test_what_nobody_awaits_any_more_is_stopped_by_its_key(workshop: Workshop) -> None:
    workshop.script(Script(lasts={"BUILD": 1e6}))
    building = asyncio.create_task(workshop.build(run="hello-501"))
    async with asyncio.timeout(60):
        while not workshop.builds.built:  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    workshop.abandoned = True
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    await workshop.runner.stop(workshop.work(run="hello-502"))
    assert workshop.builds.built[0].stopped is None
    await workshop.runner.stop(workshop.work(run="hello-501"))
    await workshop.runner.stop(workshop.work(run="hello-501"))
    assert workshop.builds.built[0].stopped is not None


async def test_throttling_and_outages_are_waited_out(workshop: Workshop, server: Server, notes: Notes) -> None:
    server.faults += [
        Fault("BatchGetBuilds", "ThrottlingException"),  # which the SDK itself tries again
        Fault("BatchGetBuilds", "InternalFailure", status=501, times=2),  # which it does not
        Fault("GetLogEvents", "InternalFailure", status=501, times=2),
    ]
    await workshop.build(notes=notes)
    assert "looked at again" in notes.text
    assert "[Container] hello" in notes.lines


async def test_a_full_queue_may_pass(workshop: Workshop) -> None:
    workshop.builds.most = 0
    failure = await workshop.failure()
    assert (failure.error, failure.retryable) == ("queue_full", True)
    assert "Cannot have more than 0 builds" in failure.reason


async def test_a_missing_project_is_said_before_anything_starts(workshop: Workshop) -> None:
    failure = await workshop.failure({"project": "ghost"})
    assert failure.error == "no_project"
    assert failure.reason == "there is no CodeBuild project ghost in 111122223333, sa-east-1"
    assert not workshop.builds.built


async def test_a_project_of_a_pipeline_is_not_started_by_itself(workshop: Workshop) -> None:
    workshop.script(source="CODEPIPELINE")
    failure = await workshop.failure()
    assert failure.error == "no_project"
    assert "codepipeline" in failure.hint


async def test_a_project_without_a_source_gets_no_commit(workshop: Workshop) -> None:
    workshop.script(source="NO_SOURCE")
    await workshop.build()
    assert "sourceVersion" not in workshop.given()


async def test_what_may_not_be_looked_at_is_believed(workshop: Workshop, server: Server, notes: Notes) -> None:
    server.denied.add("codebuild:BatchGetProjects")
    await workshop.build(notes=notes)
    assert "not checked beforehand: allow codebuild:BatchGetProjects" in notes.text


@pytest.mark.parametrize("operation", ["StartBuild", "BatchGetBuilds", "ListBuildsForProject"])
async def test_a_missing_permission_is_named(workshop: Workshop, server: Server, operation: str) -> None:
    server.denied.add(f"codebuild:{operation}")
    failure = await workshop.failure()
    assert failure.error == "aws_denied"
    assert f"allow codebuild:{operation}" in failure.hint


async def test_another_commit_than_the_runs_is_no_success(workshop: Workshop) -> None:
    workshop.script(Script(resolves="d" * 40))
    failure = await workshop.failure()
    assert failure.error == "other_commit"


async def test_without_an_account_nothing_is_asked(workshop: Workshop) -> None:
    with pytest.raises(ActionFailed) as raised:
        await workshop.build(environment=None)
    assert raised.value.error == "no_environment"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "option project is missing"),
        ({"project": "x", "imge": "y"}, "unknown option imge; did you mean image?"),
        ({"project": "x", "env": {"CODEBUILD_A": "y"}}, "option env: CODEBUILD_A is a name that CodeBuild uses itself"),
        ({"project": "x", "env": {"ESTIVA_KEY": "y"}}, "option env: ESTIVA_KEY is a name that Estiva uses itself"),
    ],
)
def test_wrong_options_are_said(workshop: Workshop, options: dict[str, object], problem: str) -> None:
    assert workshop.runner.problems(options) == [problem]  # type: ignore[arg-type]
