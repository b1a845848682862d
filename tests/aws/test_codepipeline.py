"""An execution of CodePipeline, on a strict double whose stages move two hundred times as fast as AWS's."""

import asyncio
from dataclasses import replace

import pytest

from runners.contract import ActionFailed
from storage.model.catalog import Json
from tests.aws.yard import COMMIT, Yard
from tests.doubles.aws.pipelines import Action
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes


async def test_starts_the_pipeline_and_mirrors_it_to_its_end(yard: Yard, notes: Notes) -> None:
    build = Action(
        name="Image", order=1, namespace="Build", variables={"VERSION": "1.4.2"}, outside=lambda _: "hello:1"
    )
    yard.pipeline(build, Action(name="Service", category="Deploy", provider="ECS", order=2), variables=("STAGE",))
    outcome = await yard.carry_out(
        yard.work({"variables": {"STAGE": "production"}, "revisions": {"Source": "commit"}}), notes
    )
    (execution,) = yard.executions
    assert execution.given["variables"] == [{"name": "STAGE", "value": "production"}]
    assert execution.given["sourceRevisions"] == [
        {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": COMMIT}
    ]
    assert outcome.variables == {"EXECUTION": execution.id, "Build_VERSION": "1.4.2"}
    assert outcome.artifacts == {"address": "https://hello.example.com"}
    assert outcome.summary == f"hello {execution.id[:8]}: Source, Deploy"
    told = [line for line in notes.lines if "/" in line and "Succeeded" in line]
    assert told == ["Source/Source: Succeeded", "Deploy/Image: Succeeded (hello:1)", "Deploy/Service: Succeeded"]


async def test_the_pipeline_of_this_service_is_named_before_that_of_all(yard: Yard) -> None:
    yard.pipeline()
    yard.environment = replace(yard.environment, options={"pipeline": "of-all", "pipelines": {"hello": "hello"}})
    await yard.carry_out(yard.work())
    assert len(yard.executions) == 1
    failure = await yard.failure(yard.work({"pipeline": "of-the-action"}))
    assert failure.reason.startswith("there is no pipeline of-the-action in ")


async def test_a_failed_action_is_the_failure_and_nothing_after_it_begins(yard: Yard) -> None:
    yard.pipeline(Action(name="Lint", provider="Lambda", fails=["3 problems"]), Action(name="Service", order=2))
    failure = await yard.failure(yard.work())
    assert failure.error == "pipeline_failed"
    assert failure.reason == "Deploy/Lint failed: JobFailed: 3 problems"
    assert [step.action.name for step in yard.executions[0].steps] == ["Source", "Lint"]


async def test_a_second_attempt_does_the_failed_actions_of_the_same_execution_again(yard: Yard, notes: Notes) -> None:
    yard.pipeline(Action(name="Flaky", provider="Lambda", fails=["timeout"]))
    await yard.failure(yard.work(run="hello-600"))
    outcome = await yard.carry_out(yard.work(run="hello-600", attempt=2), notes)
    (execution,) = yard.executions
    assert outcome.variables["EXECUTION"] == execution.id
    assert "the failed actions of Deploy are done again" in notes.text


async def test_a_retry_of_the_run_does_them_again_too(yard: Yard) -> None:
    yard.pipeline(Action(name="Flaky", provider="Lambda", fails=["timeout"]))
    await yard.failure(yard.work(run="hello-601"))
    yard.pipelines.begin(yard.pipelines.known["hello"], "arn:aws:iam::111122223333:user/other", at=0).status = "Stopped"
    await yard.carry_out(yard.work(run="hello-602", retries="hello-601"))
    assert yard.server.count("RetryStageExecution") == 1
    assert yard.server.count("StartPipelineExecution") == 1


async def test_what_cannot_be_retried_is_started_anew(yard: Yard, server: Server, notes: Notes) -> None:
    yard.pipeline(Action(name="Flaky", provider="Lambda", fails=["timeout"]))
    await yard.failure(yard.work(run="hello-603"))
    server.faults.append(Fault("RetryStageExecution", "NotLatestPipelineExecutionException"))
    await yard.carry_out(yard.work(run="hello-603", attempt=2), notes)
    assert len(yard.executions) == 2
    assert "cannot be retried (NotLatestPipelineExecutionException), so it is started anew" in notes.text


async def test_a_rollback_rolls_the_stage_back_to_the_execution_of_the_commit(yard: Yard) -> None:
    options: dict[str, Json] = {"stage": "Deploy", "revisions": {"Source": "commit"}}
    await yard.carry_out(yard.work(options))
    await yard.carry_out(yard.work(options, artifacts={"commit": "d" * 40}))
    await yard.carry_out(yard.work(options, goes_back=True))
    first, second, third = yard.executions
    assert third.rolls_back is first
    assert yard.server.count("StartPipelineExecution") == 2
    failure = await yard.failure(yard.work(options, goes_back=True, artifacts={"commit": "e" * 40}))
    assert failure.error == "no_rollback"
    assert second.rolls_back is None


@pytest.mark.parametrize("abandon", [False, True])
async def test_a_cancelled_execution_is_stopped(yard: Yard, *, abandon: bool) -> None:
    yard.pipeline(Action(name="Service", seconds=1e6))
    work = asyncio.create_task(yard.carry_out(yard.work({"abandon": abandon})))
    async with asyncio.timeout(60):
        while not (yard.executions and yard.executions[0].steps[1:]):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    execution = yard.executions[0]
    assert execution.status in ("Stopping", "Stopped")
    assert execution.said.startswith("cancelled in Estiva, run hello-")
    assert abandon == (execution.steps[-1].status == "Abandoned")


async def test_an_execution_goes_on_when_only_estiva_stops_and_is_stopped_by_its_key_later(yard: Yard) -> None:
    yard.pipeline(Action(name="Service", seconds=1e6))
    work = asyncio.create_task(yard.carry_out(yard.work(run="hello-604")))
    async with asyncio.timeout(60):
        while not (yard.executions and yard.executions[0].steps[1:]):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    yard.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert yard.executions[0].status == "InProgress"
    await yard.runner.stop(yard.work(run="hello-605"))
    assert yard.executions[0].status == "InProgress"
    await yard.runner.stop(yard.work(run="hello-604"))
    await yard.runner.stop(yard.work(run="hello-604"))
    assert yard.executions[0].status == "Stopping"


async def test_a_newer_execution_that_takes_the_place_is_told(yard: Yard) -> None:
    pipeline = yard.pipeline()
    pipeline.stage("Deploy").reason = "closed for now"
    work = asyncio.create_task(yard.failure(yard.work()))
    async with asyncio.timeout(60):
        while not (yard.executions and yard.executions[0].at == 1):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
        yard.pipelines.begin(pipeline, "arn:aws:iam::111122223333:user/other")
        assert (await work).error == "superseded"


async def test_waiting_before_a_closed_door_is_said_once(yard: Yard, notes: Notes) -> None:
    pipeline = yard.pipeline()
    pipeline.stage("Deploy").reason = "closed for the holidays"
    work = asyncio.create_task(yard.carry_out(yard.work(), notes))
    async with asyncio.timeout(60):
        while "waits before" not in notes.text:  # noqa: ASYNC110 - a sink tells nobody
            await asyncio.sleep(0.02)
        pipeline.stage("Deploy").reason = ""
        await work
    assert notes.text.count("waits before Deploy, whose transition is disabled: closed for the holidays") == 1


async def test_somebody_who_stops_it_in_aws_is_told_apart(yard: Yard) -> None:
    yard.pipeline(Action(name="Service", seconds=1e6))
    work = asyncio.create_task(yard.failure(yard.work()))
    async with asyncio.timeout(60):
        while not (yard.executions and yard.executions[0].steps[1:]):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
        yard.executions[0].status, yard.executions[0].abandons = "Stopping", True
        assert (await work).error == "pipeline_stopped"


async def test_outages_are_waited_out(yard: Yard, server: Server, notes: Notes) -> None:
    server.faults += [
        Fault("GetPipelineExecution", "PipelineExecutionNotFoundException"),  # it is not everywhere at once
        Fault("GetPipelineExecution", "ThrottlingException"),  # which the SDK itself tries again
        Fault("ListActionExecutions", "InternalFailure", status=501),  # which it does not
    ]
    await yard.carry_out(yard.work(), notes)
    assert notes.text.count("the execution goes on, and is looked at again") == 2


@pytest.mark.parametrize(
    ("fault", "error", "retryable"),
    [
        ("PipelineNotFoundException", "no_pipeline", False),
        ("ConcurrentPipelineExecutionsLimitExceededException", "queue_full", True),
    ],
)
async def test_what_keeps_it_from_starting_is_told_apart(
    yard: Yard, server: Server, fault: str, error: str, *, retryable: bool
) -> None:
    server.faults.append(Fault("StartPipelineExecution", fault))
    failure = await yard.failure(yard.work())
    assert (failure.error, failure.retryable) == (error, retryable)


@pytest.mark.parametrize("operation", ["StartPipelineExecution", "GetPipelineExecution", "ListPipelineExecutions"])
async def test_a_missing_permission_is_named(yard: Yard, server: Server, operation: str) -> None:
    server.denied.add(f"codepipeline:{operation}")
    failure = await yard.failure(yard.work())
    assert failure.error == "aws_denied"
    assert f"allow codepipeline:{operation}" in failure.hint


async def test_a_revision_that_the_run_does_not_have_is_said(yard: Yard) -> None:
    failure = await yard.failure(yard.work({"revisions": {"Source": "digest"}}))
    assert failure.error == "no_revision"
    assert not yard.executions


async def test_what_people_gave_goes_before_what_the_catalog_says(yard: Yard) -> None:
    yard.pipeline(variables=("STAGE", "VERSION"))
    work = yard.work({"variables": {"STAGE": "production", "VERSION": "1"}, "from_chat": ["VERSION"]})
    await yard.carry_out(replace(work, given={"VERSION": "1.2 #{run.ID}"}))
    assert yard.executions[0].given["variables"] == [
        {"name": "STAGE", "value": "production"},
        {"name": "VERSION", "value": "1.2 #{run.ID}"},
    ]


async def test_a_variable_that_the_pipeline_does_not_declare_starts_nothing(yard: Yard) -> None:
    yard.pipeline(variables=("STAGE",))
    failure = await yard.failure(replace(yard.work(), given={"VERSION": "1.2"}))
    assert (failure.error, failure.reason) == ("no_variable", "the pipeline hello declares no variable VERSION")
    assert failure.hint == "it declares STAGE"
    assert not yard.executions
    assert yard.server.count("StartPipelineExecution") == 0


async def test_variables_that_may_not_be_looked_up_are_believed(yard: Yard, server: Server, notes: Notes) -> None:
    yard.pipeline(variables=("STAGE",))
    server.denied.add("codepipeline:GetPipeline")
    await yard.carry_out(yard.work({"variables": {"STAGE": "production"}}), notes)
    assert "the variables are not checked beforehand: allow codepipeline:GetPipeline" in notes.text


async def test_without_an_account_nothing_is_asked(yard: Yard) -> None:
    with pytest.raises(ActionFailed) as raised:
        await yard.carry_out(yard.work(environment=replace(yard.environment, aws=None)))
    assert raised.value.error == "no_environment"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"variables": {"a b": "x"}}, "option variables: 'a b' is no name of a variable"),
        ({"from_chat": ["A=B"]}, "option from_chat: 'A=B' is no name of a variable"),
        ({"from_chat": ["Force"]}, "option from_chat: force is a word of the commands themselves"),
        ({"pipelin": "x"}, "unknown option pipelin; did you mean pipeline?"),
        (
            {"revisions": {"Source": "main"}},
            "option revisions: Source should be commit, digest, version:... or key:..., not 'main'",
        ),
    ],
)
def test_wrong_options_are_said(yard: Yard, options: dict[str, object], problem: str) -> None:
    found = yard.runner.problems(options)  # type: ignore[arg-type]
    assert any(problem in each for each in found)
