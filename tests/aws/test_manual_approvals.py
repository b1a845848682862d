"""A manual approval of CodePipeline: a question for our people, whose word is handed on while it is open."""

import asyncio
from datetime import timedelta

import pytest

from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.aws.session import Clouds
from tests.aws.yard import Yard
from tests.doubles.aws.pipelines import Action, Stage, approval
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes


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
