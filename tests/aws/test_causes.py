"""What is behind a pipeline's action that failed: the build of CodeBuild, the tasks of ECS that stopped."""

import asyncio

from tests.aws.fleet import Fleet
from tests.aws.yard import Yard
from tests.doubles.aws.builds import Script
from tests.doubles.aws.pipelines import Action
from tests.doubles.aws.server import Fault, Server
from tests.doubles.aws.tasks import EXITS, Behaviour
from tests.runners.bench import Notes


async def test_the_build_behind_a_failure_is_its_cause(yard: Yard, notes: Notes) -> None:
    yard.builds.project(
        "hello",
        Script(wrong="BUILD", message="Error while executing: make. Reason: exit status 2", seconds=0.1, log=("boom",)),
        source="CODEPIPELINE",
    )
    yard.pipeline(
        Action(name="Image", fails=["Build terminated"], outside=lambda at: yard.builds.start("hello", begun=at).id)
    )
    failure = await yard.failure(yard.work(), notes)
    assert failure.reason.startswith("Deploy/Image failed: hello #1 failed in BUILD: COMMAND_EXECUTION_ERROR: Error")
    assert failure.reason.endswith("JobFailed: Build terminated")
    assert failure.exit_code == 2
    assert "hello #1 | boom" in notes.text


async def test_only_the_end_of_a_long_log_is_shown_and_that_is_said(yard: Yard, notes: Notes) -> None:
    wrote = tuple(f"line {number}" for number in range(45))
    yard.builds.project("hello", Script(wrong="BUILD", seconds=0.1, log=wrote), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["no"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    await yard.failure(yard.work(), notes)
    assert "the last 40 lines of hello #1; it wrote more before them:" in notes.text
    assert [line for line in wrote if f"hello #1 | {line}\n" in notes.text + "\n"] == list(wrote[-40:])


async def test_a_build_that_ends_after_its_action_is_awaited(yard: Yard, server: Server, notes: Notes) -> None:
    yard.builds.project("hello", Script(wrong="BUILD", seconds=200, log=("boom",)), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["timeout"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    work = asyncio.create_task(yard.failure(yard.work(), notes))
    async with asyncio.timeout(60):
        while "hello #1 has not ended yet; it is looked at again" not in notes.text:  # noqa: ASYNC110 - a sink tells nobody
            await asyncio.sleep(0.01)
        server.clock.skip(2_000)
        failure = await work
    assert failure.reason.startswith("Deploy/Image failed: hello #1 failed in BUILD: COMMAND_EXECUTION_ERROR")
    assert "hello #1 | boom" in notes.text


async def test_a_build_that_does_not_end_is_not_said_to_have_failed(yard: Yard, notes: Notes) -> None:
    yard.builds.project("hello", Script(seconds=1e6), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["timeout"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    failure = await yard.failure(yard.work(), notes)
    assert failure.reason == "Deploy/Image failed: JobFailed: timeout"
    assert "what is behind Deploy/Image cannot be looked at: hello #1 has not ended yet" in notes.text


async def test_a_cause_that_cannot_be_looked_at_now_is_looked_at_again(
    yard: Yard, server: Server, notes: Notes
) -> None:
    server.faults.append(Fault("BatchGetBuilds", "InternalFailure", status=501, times=2))
    yard.builds.project("hello", Script(wrong="BUILD", seconds=0.1), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["no"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    assert (await yard.failure(yard.work(), notes)).reason.startswith("Deploy/Image failed: hello #1 failed in BUILD")
    assert "it is looked at again" in notes.text


async def test_the_last_lines_of_a_long_log_are_shown(yard: Yard, notes: Notes) -> None:
    log = tuple(str(n) for n in range(100))
    yard.builds.project("hello", Script(wrong="BUILD", seconds=0.1, log=log), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["no"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    await yard.failure(yard.work(), notes)
    shown = [line.partition(" | ")[2] for line in notes.lines if line.startswith("hello #1 | ")]
    assert shown[-1] == "99"
    assert len(shown) == 40


async def test_a_log_that_may_not_be_read_hides_no_cause(yard: Yard, server: Server, notes: Notes) -> None:
    server.denied.add("logs:GetLogEvents")
    yard.builds.project("hello", Script(wrong="BUILD", seconds=0.1, log=("x",)), source="CODEPIPELINE")
    yard.pipeline(Action(name="Image", fails=["no"], outside=lambda at: yard.builds.start("hello", begun=at).id))
    assert (await yard.failure(yard.work(), notes)).reason.startswith("Deploy/Image failed: hello #1 failed in BUILD")
    assert "the log of hello #1 cannot be read" in notes.text


async def test_the_tasks_behind_a_failed_deployment_are_its_cause(yard: Yard, fleet: Fleet, notes: Notes) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS, log=("KeyError: 'DATABASE_URL'",))
    definition = fleet.tasks.define("hello", [fleet.container(image=f"{fleet.image}@{bad}")])
    yard.pipeline(
        Action(
            name="Service",
            category="Deploy",
            provider="ECS",
            seconds=120,
            fails=["the service did not get steady"],
            outside=lambda _: fleet.tasks.deploy(fleet.service, definition).id,
            configuration={"ClusterName": "web", "ServiceName": "hello"},
        )
    )
    failure = await yard.failure(yard.work(), notes)
    assert "hello ended with exit code 3: Essential container in task exited" in failure.reason
    assert "  hello | KeyError: 'DATABASE_URL'" in notes.text


async def test_a_cause_that_may_not_be_looked_at_is_said(yard: Yard, server: Server, notes: Notes) -> None:
    server.denied.add("codebuild:BatchGetBuilds")
    yard.pipeline(Action(name="Image", fails=["Build terminated"], outside=lambda _: "hello:1"))
    failure = await yard.failure(yard.work(), notes)
    assert failure.reason == "Deploy/Image failed: JobFailed: Build terminated"
    assert "what is behind Deploy/Image cannot be looked at" in notes.text
    assert "allow codebuild:BatchGetBuilds" in notes.text
