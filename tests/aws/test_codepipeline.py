"""An execution of CodePipeline, on a strict double whose stages move two hundred times as fast as AWS's."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.aws.session import Clouds
from runners.contract import ActionFailed
from storage.model.catalog import Json
from tests.aws.fleet import Fleet
from tests.aws.yard import COMMIT, Yard
from tests.doubles.aws.builds import Script
from tests.doubles.aws.pipelines import Action, Stage, approval
from tests.doubles.aws.server import Fault, Server
from tests.doubles.aws.tasks import EXITS, Behaviour
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


@pytest.mark.parametrize("mode", ["SUPERSEDED", "PARALLEL"])
async def test_a_manual_approval_is_answered_with_the_word_of_our_people(yard: Yard, notes: Notes, mode: str) -> None:
    said: list[str] = []

    async def tell(text: str) -> None:
        said.append(text)

    yard.pipeline(approved=True, mode=mode)
    work = yard.work(tell=tell)
    asks = await yard.asked(work, notes)
    assert said[-1] == "Source: Succeeded · Approve/Manual: InProgress"
    assert asks.question == "hello waits in Approve/Manual: may it go on?"
    assert asks.expires_at is not None
    again = await yard.asked(work, notes)
    assert again.name == asks.name
    assert notes.text.count("Approve/Manual: InProgress") == 1, "no line comes twice, however often one looks"
    outcome = await yard.carry_out(yard.answered(work, asks, yes=True), notes)
    assert outcome.summary.endswith("Source, Approve, Deploy")
    assert said[-1] == "Source: Succeeded · Approve: Succeeded · Deploy: Succeeded"
    (step,) = [each for each in yard.executions[0].steps if each.stage == "Approve"]
    assert step.summary == f"Approved by URUI in Estiva, run {work.run}"
    assert yard.server.count("StartPipelineExecution") == yard.server.count("PutApprovalResult") == 1


@pytest.mark.parametrize(("declared", "open_for"), [(None, 7 * 24 * 60), (5, 5), (86_400, 86_400)])
async def test_an_approval_is_open_as_long_as_its_action_declares(
    yard: Yard, declared: int | None, open_for: int
) -> None:
    yard.pipelines.add(
        "hello",
        Stage("Source", [Action(name="Source", category="Source")]),
        Stage("Approve", [approval(timeout=declared)]),
    )
    asks = await yard.asked(yard.work())
    (step,) = [each for each in yard.executions[0].steps if each.stage == "Approve"]
    assert asks.expires_at is not None
    assert abs(asks.expires_at - (step.begun + timedelta(minutes=open_for))) < timedelta(seconds=1)


async def test_the_version_that_runs_says_how_long_an_approval_is_open(yard: Yard) -> None:
    pipeline = yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    pipeline.change("Approve", "Manual", timeout=5)
    again = await yard.asked(work)
    assert again.expires_at == asks.expires_at
    (call,) = {each.given["version"] for each in yard.server.calls if each.operation == "GetPipeline"}
    assert call == 1


async def test_a_deadline_that_may_not_be_read_is_not_guessed(yard: Yard, server: Server, notes: Notes) -> None:
    server.denied.add("codepipeline:GetPipeline")
    yard.pipeline(approved=True)
    work = yard.work()
    assert (await yard.asked(work, notes)).expires_at is None
    await yard.asked(work, notes)
    assert notes.text.count("how long Approve/Manual waits cannot be told: codepipeline:GetPipeline is denied") == 1


async def test_a_deadline_that_cannot_be_read_now_is_read_again(yard: Yard, server: Server, notes: Notes) -> None:
    server.faults.append(Fault("GetPipeline", "ThrottlingException", times=6))
    yard.pipeline(approved=True)
    assert (await yard.asked(yard.work(), notes)).expires_at is not None
    assert "the execution goes on, and is looked at again" in notes.text


async def test_an_approval_that_nobody_answers_in_time_ends_the_execution(yard: Yard) -> None:
    yard.pipelines.add(
        "hello",
        Stage("Source", [Action(name="Source", category="Source")]),
        Stage("Approve", [approval(timeout=5)]),
    )
    work = yard.work()
    await yard.asked(work)
    yard.server.clock.skip(301)
    failure = await yard.failure(work)
    assert failure.error == "rejected"
    assert "The approval was not answered in time" in failure.reason


async def test_a_no_ends_the_execution(yard: Yard) -> None:
    yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    failure = await yard.failure(yard.answered(work, asks, yes=False, reason="not on a Friday"))
    assert failure.error == "rejected"
    assert failure.reason == (
        f"Approve/Manual was not approved: Rejected by URUI in Estiva, run {work.run}: not on a Friday"
    )


async def test_whoever_answered_in_aws_was_first(yard: Yard, notes: Notes) -> None:
    yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    yard.pipelines.answer(yard.executions[0].steps[-1], "Approved", "by hand")
    await yard.carry_out(yard.answered(work, asks, yes=False), notes)
    assert yard.server.count("PutApprovalResult") == 0, "the token is read anew before it is used"


async def test_an_answer_that_comes_too_late_changes_nothing(yard: Yard, server: Server, notes: Notes) -> None:
    yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    server.faults.append(Fault("PutApprovalResult", "ApprovalAlreadyCompletedException"))
    await yard.carry_out(yard.answered(work, asks, yes=True), notes)
    assert "Approve/Manual was answered elsewhere before" in notes.text


@pytest.mark.parametrize("operation", ["GetPipelineState", "PutApprovalResult"])
async def test_an_answer_waits_out_an_outage(yard: Yard, server: Server, notes: Notes, operation: str) -> None:
    yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    server.faults.append(Fault(operation, "InternalFailure", status=501, times=2))
    await yard.carry_out(yard.answered(work, asks, yes=True), notes)
    assert notes.text.count("the execution goes on, and is looked at again") == 2
    assert "Approve/Manual: Approved by URUI" in notes.text


async def test_an_approval_that_stays_on_show_is_answered_no_more_often_than_one_looks(
    yard: Yard, server: Server, clouds: Clouds
) -> None:
    yard.pipeline(approved=True)
    work = yard.work()
    asks = await yard.asked(work)
    yard.runner = CodePipelineRunner(clouds, pace=100)
    server.faults.append(Fault("PutApprovalResult", "InvalidApprovalTokenException", times=1_000_000))
    answering = asyncio.create_task(yard.carry_out(yard.answered(work, asks, yes=True)))
    async with asyncio.timeout(60):
        while not server.count("PutApprovalResult"):  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert server.count("PutApprovalResult") == 1


async def test_two_approvals_are_two_questions(yard: Yard) -> None:
    yard.pipelines.add(
        "hello",
        Stage("Source", [Action(name="Source", category="Source")]),
        Stage("Approve", [approval("Business"), approval("Security")]),
    )
    work = yard.work()
    first = await yard.asked(work)
    work = yard.answered(work, first, yes=True)
    second = await yard.asked(work)
    assert first.name != second.name
    await yard.carry_out(yard.answered(work, second, yes=True))


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
