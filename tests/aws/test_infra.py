"""Stacks: what would change is shown, and just that is applied; whatever else comes is told apart."""

import asyncio
import hashlib

import pytest

from commands.texts import phrase
from runners.aws.infra.changes import Change
from runners.aws.session import Account
from runners.contract import ActionFailed
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import Worded, in_words_of
from tests.aws.estate import CHANGES, IMAGE, STACK, Estate, template
from tests.doubles.aws.server import Fault


async def refused(work: "asyncio.Future[object] | object") -> ActionFailed:
    with pytest.raises(ActionFailed) as failed:
        await work  # type: ignore[misc]
    return failed.value


async def test_a_preview_shows_each_change_and_leaves_nothing(estate: Estate) -> None:
    estate.commit(template("Logs"))
    outcome = await estate.does("preview")
    assert outcome.artifacts == {}
    assert outcome.summary == f"{STACK}: 3 to add, 0 to change (0 by replacement), 0 to remove"
    assert f"{STACK}: add AWS::Logs::LogGroup Logs" in outcome.details
    assert estate.stacks.known == {}, "the empty stack that the change set made is gone again"


async def theirs(account: Account) -> None:
    """Have a change set that somebody makes without Estiva."""
    given = {"StackName": STACK, "ChangeSetName": "by-hand", "ChangeSetType": "CREATE", "ClientToken": "by-hand"}
    await account.call("cloudformation", "create_change_set", TemplateBody=template("Theirs"), **given)


async def test_a_stack_that_somebody_else_has_in_review_stays(estate: Estate, account: Account) -> None:
    await theirs(account)
    estate.commit(template())
    await estate.does("preview")
    assert list(estate.stacks.known[STACK].sets) == ["by-hand"]
    await account.call("cloudformation", "delete_change_set", StackName=STACK, ChangeSetName="by-hand")
    await estate.does("preview")
    assert estate.stacks.known[STACK].sets == {}, "who made an empty stack may have a use for it"


@pytest.mark.parametrize("executed", [False, True])
async def test_a_stack_that_somebody_takes_meanwhile_stays(estate: Estate, account: Account, *, executed: bool) -> None:
    estate.commit(template())
    estate.stacks.computes = 1e6
    work = asyncio.ensure_future(estate.does("preview"))
    while STACK not in estate.stacks.known:  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    stack = estate.stacks.known[STACK]
    (ours,) = stack.sets.values()
    await theirs(account)
    if executed:
        estate.stacks.once_ready.append(lambda: estate.stacks.execute(stack, stack.sets["by-hand"], "by-hand"))
    ours.ready_at = estate.server.clock.now()
    await work
    assert list(estate.stacks.known[STACK].sets) == ["by-hand"], "theirs is there, and ours is gone"


async def test_the_stack_of_a_plan_of_estiva_goes_with_it(estate: Estate) -> None:
    estate.commit(template())
    await estate.does("plan")
    await estate.does("preview")
    assert estate.stacks.known == {}


async def test_what_was_planned_is_applied_and_its_outputs_are_handed_on(estate: Estate) -> None:
    outcome = await estate.applied(template("Logs"))
    assert outcome.variables == {"Cluster": "web"}
    assert outcome.summary == f"{STACK} is CREATE_COMPLETE"
    assert set(estate.stacks.resources(STACK)) == {"Repository", "Task", "Logs"}
    assert f"{STACK}: CREATE_COMPLETE AWS::Logs::LogGroup Logs" in estate.notes.lines


async def test_what_takes_something_away_is_shown_first_and_no_value_ever(estate: Estate) -> None:
    await estate.applied(template("Logs"))
    estate.stack["parameters"] = {"Name": "hello-hush"}
    estate.commit(template("Audit", Cpu="1024"))
    outcome = await estate.does("plan")
    assert outcome.details == [
        f"{STACK}: remove AWS::Logs::LogGroup Logs",
        f"{STACK}: replace AWS::ECR::Repository Repository, because of RepositoryName",
        f"{STACK}: change AWS::ECS::TaskDefinition Task: Cpu",
        f"{STACK}: add AWS::Logs::LogGroup Audit",
    ]
    assert "hush" not in estate.notes.text + str(outcome)


async def test_an_empty_change_set_is_nothing_to_do(estate: Estate) -> None:
    await estate.applied(template())
    outcome = await estate.does("plan")
    assert outcome.unchanged
    assert outcome.artifacts == {CHANGES: artifact.NO_CHANGES}
    assert len(estate.stacks.known[STACK].sets) == 1, "only that which was applied"
    again = await estate.does("apply", **outcome.artifacts)
    assert again.summary == f"nothing to change in {STACK}"
    assert len(estate.stacks.executed) == 1


async def test_the_image_that_runs_stays_and_is_not_put_back_to_an_old_one(estate: Estate) -> None:
    estate.stack["image"] = "Image"
    await estate.applied(template())
    assert estate.stacks.known[STACK].parameters["Image"] == "none", "nothing runs yet: the template's default"
    await estate.applied(template(Cpu="512"), digest="sha256:1")
    assert estate.stacks.known[STACK].parameters["Image"] == f"{IMAGE}@sha256:1"
    del estate.stack["image"]
    await estate.applied(template(Cpu="1024"))
    assert estate.stacks.known[STACK].parameters["Image"] == f"{IMAGE}@sha256:1", "what is not said stays"


async def test_a_resource_that_fails_is_told_first_and_the_stack_goes_back(estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.failing["Audit"] = "Limit exceeded for log groups"
    failure = await refused(estate.applied(template("Audit", "Zone")))
    assert failure.error == "stack_rolled_back"
    assert failure.reason == (
        f"Audit (AWS::Logs::LogGroup) failed: Limit exceeded for log groups; {STACK} is UPDATE_ROLLBACK_COMPLETE"
    )
    assert failure.hint == "all is as it was before: mend the cause, then ask again"


async def test_a_creation_that_fails_says_that_the_stack_has_to_go(estate: Estate) -> None:
    estate.stacks.failing["Task"] = "No such role"
    failure = await refused(estate.applied(template()))
    assert failure.error == "stack_rolled_back"
    assert "delete the stack hello-production" in failure.hint
    again = await refused(estate.does("plan"))
    assert (again.error, estate.stacks.status(STACK)) == ("stack_stuck", "ROLLBACK_COMPLETE")


async def test_a_rollback_that_fails_needs_a_hand(estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.failing, estate.stacks.stuck = {"Audit": "no"}, True
    failure = await refused(estate.applied(template("Audit")))
    assert failure.error == "stack_stuck"
    assert "continue the update's rollback" in failure.hint


async def test_nothing_else_than_what_was_approved_is_applied(estate: Estate) -> None:
    estate.commit(template())
    planned = (await estate.does("plan", "hello-900")).artifacts[CHANGES]
    other = planned.partition(" ")[0] + " sha256:0"
    assert (await refused(estate.does("apply", "hello-900", **{CHANGES: other}))).error == "changes_differ"
    assert (await refused(estate.does("apply", "hello-900"))).error == "not_planned"
    estate.commit(template("Logs"))
    await estate.does("plan", "hello-901")
    gone = await refused(estate.does("apply", "hello-900", **{CHANGES: planned}))
    assert gone.error == "changes_gone", "a later plan has made it untrue"
    assert estate.stacks.executed == []


async def test_a_stack_that_others_change_is_left_alone(estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.takes = 1e6
    estate.commit(template("Logs"))
    planned = await estate.does("plan", "hello-910")
    work = asyncio.ensure_future(estate.does("apply", "hello-910", **planned.artifacts))
    while estate.stacks.status(STACK) != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    assert (await refused(estate.does("plan"))).error == "stack_busy"
    estate.stacks.takes = 1
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert estate.server.count("CancelUpdateStack") == 1
    assert set(estate.stacks.resources(STACK)) == {"Repository", "Task"}


async def test_an_update_that_cannot_be_cancelled_is_said(estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.takes = 1e6
    estate.server.denied.add("cloudformation:CancelUpdateStack")
    work = asyncio.ensure_future(estate.applied(template("Logs")))
    while estate.stacks.status(STACK) != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert (
        f"{STACK}: the update could not be cancelled: cloudformation:CancelUpdateStack is denied" in estate.notes.text
    )


async def test_events_are_read_back_to_the_beginning_of_ours_and_no_further(estate: Estate) -> None:
    for number in range(4):  # so that there is a history
        await estate.applied(template(Cpu=f"{number}"))
    estate.stacks.page, estate.stacks.late, estate.stacks.takes = 2, 30, 12  # over before its events are there
    before = len(estate.server.calls)
    estate.stacks.failing["Audit"] = "Limit exceeded"
    failure = await refused(estate.applied(template("Audit", "Zone", "Zone2", "Zone3")))
    assert failure.reason.startswith("Audit (AWS::Logs::LogGroup) failed: Limit exceeded")
    looks = [each for each in estate.server.calls[before:] if each.operation == "DescribeStackEvents"]
    told = [event for _, _, event in estate.stacks.known[STACK].line]
    ours = [event for event in told if event["ClientRequestToken"] == told[-1]["ClientRequestToken"]]
    assert max(int(each.given.get("NextToken", "0")) for each in looks) < len(ours) < len(told)


async def test_a_process_that_only_goes_down_leaves_the_update_to_the_next(estate: Estate) -> None:
    await estate.applied(template())
    estate.stacks.takes = 1000
    estate.commit(template("Logs"))
    planned = await estate.does("plan", "hello-920")
    work = asyncio.ensure_future(estate.does("apply", "hello-920", **planned.artifacts))
    while estate.stacks.status(STACK) != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    estate.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert estate.server.count("CancelUpdateStack") == 0
    estate.server.clock.skip(1000)
    await estate.does("apply", "hello-920", **planned.artifacts)
    assert len(estate.stacks.executed) == 2


@pytest.mark.parametrize(
    "operation", ["DescribeChangeSet", "DescribeStacks", "ExecuteChangeSet", "DescribeStackEvents"]
)
async def test_outages_are_waited_out(estate: Estate, operation: str) -> None:
    estate.stacks.takes = 400
    estate.commit(template())
    outage = Fault(operation, "InternalFailure", status=501, times=2, after="CreateChangeSet")
    estate.server.faults.append(outage)
    planned = await estate.does("plan", "hello-930")
    await estate.does("apply", "hello-930", **planned.artifacts)
    assert (outage.times, len(estate.stacks.executed)) == (0, 1)
    assert estate.stacks.status(STACK) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("no json", "bad_template", "Template format error"),
        ('{"Resources": {"Role": {"Type": "AWS::IAM::Role"}}}', "needs_capability", "CAPABILITY_NAMED_IAM"),
        ("x" * 51_201, "no_bucket", "51200 bytes, which AWS takes only from S3"),
        ("x" * 1_000_001, "bad_template", "1000000 bytes, and AWS takes no more"),
    ],
)
async def test_a_template_that_cannot_be_is_refused(text: str, error: str, said: str, estate: Estate) -> None:
    estate.commit(text)
    failure = await refused(estate.does("plan"))
    assert failure.error == error
    assert said in failure.reason
    assert estate.stacks.known == {}


async def test_a_large_template_goes_by_way_of_the_bucket_once_for_its_content(estate: Estate) -> None:
    assert estate.stacks.objects is not None
    kept = estate.stacks.objects.kept["estiva-templates"] = {}
    estate.options["bucket"] = "estiva-templates"
    large = template(Description="x" * 60_000)
    await estate.applied(large)
    await estate.does("preview")
    hashed = hashlib.sha256(large.encode()).hexdigest()
    assert kept == {f"estiva-templates/{hashed}": large.encode()}
    assert estate.notes.text.count("is in S3 now") == 1, "the second time it is there"
    assert estate.server.count("CreateChangeSet") == 2
    assert estate.stacks.resources(STACK)["Task"]["Properties"]["Description"] == "x" * 60_000
    await estate.applied(template())
    assert len(kept) == 1, "a small one goes with the call"


async def test_what_somebody_else_put_there_is_never_taken_for_the_template(estate: Estate) -> None:
    assert estate.stacks.objects is not None
    large = template(Description="x" * 60_000)
    key = f"estiva-templates/{hashlib.sha256(large.encode()).hexdigest()}"
    kept = estate.stacks.objects.kept["estiva-templates"] = {key: template(Description="y" * 60_000).encode()}
    estate.options["bucket"] = "estiva-templates"
    estate.commit(large)
    failure = await refused(estate.does("plan"))
    assert (failure.error, key in failure.reason) == ("template_differs", True)
    assert (len(kept), estate.stacks.known) == (1, {})


async def test_a_bucket_that_is_not_there_is_said(estate: Estate) -> None:
    estate.options["bucket"] = "estiva-templates"
    estate.commit(template(Description="x" * 60_000))
    failure = await refused(estate.does("plan"))
    assert (failure.error, "there is no bucket estiva-templates" in failure.reason) == ("no_bucket", True)
    assert estate.stacks.known == {}


async def test_a_bucket_of_somebody_else_gets_nothing(estate: Estate) -> None:
    assert estate.stacks.objects is not None
    kept = estate.stacks.objects.kept["estiva-templates"] = {}
    estate.stacks.objects.owner = "999999999999"
    estate.options["bucket"] = "estiva-templates"
    estate.commit(template(Description="x" * 60_000))
    assert (await refused(estate.does("plan"))).error == "aws_denied"
    assert (kept, estate.stacks.known) == ({}, {})


@pytest.mark.parametrize("text", ["x" * 51_201, "no json"])
async def test_what_is_wrong_with_one_template_keeps_all_stacks_from_beginning(text: str, estate: Estate) -> None:
    estate.commit(template())
    estate.commit(text, "infra/other.json")
    other: dict[str, Json] = {"stack": "hello-other", "template": "infra/other.json"}
    estate.options["stacks"] = [estate.stack, other]
    await refused(estate.does("plan"))
    assert estate.stacks.known == {}
    assert estate.server.count("CreateChangeSet") == 0


async def test_a_template_is_only_taken_from_inside_the_source(estate: Estate) -> None:
    secret = estate.root / "secret.json"
    secret.write_text(template())
    (estate.root / "source" / "infra").mkdir(parents=True)
    file = estate.root / "source" / "infra" / "service.json"
    file.symlink_to(secret)
    failure = await refused(estate.does("plan"))
    assert (failure.error, "leads out of the source" in failure.reason) == ("bad_template", True)
    file.unlink()
    file.symlink_to(file)
    assert (await refused(estate.does("plan"))).error == "bad_template"


async def test_a_parameter_that_there_is_not_is_named(estate: Estate) -> None:
    estate.stack["parameters"] = {"Nmae": "x"}
    estate.commit(template())
    assert "did you mean Name" in (await refused(estate.does("plan"))).reason


async def test_what_aws_does_not_allow_is_named(estate: Estate) -> None:
    estate.server.denied.add("cloudformation:CreateChangeSet")
    estate.commit(template())
    failure = await refused(estate.does("plan"))
    assert failure.error == "aws_denied"
    assert "cloudformation:CreateChangeSet" in failure.hint


async def test_a_change_set_that_fails_says_why(estate: Estate) -> None:
    estate.stacks.refusing = "No export named vpc found"
    estate.commit(template())
    failure = await refused(estate.does("plan"))
    assert (failure.error, "No export named vpc found" in failure.reason) == ("plan_failed", True)


def test_each_line_is_said_in_both_languages() -> None:
    line = Change({"Action": "Remove", "ResourceType": "AWS::ECR::Repository", "LogicalResourceId": "R"}).line
    assert isinstance(line, Worded)
    portuguese = in_words_of(lambda text, **values: phrase("pt_BR", text, **values), line)
    assert portuguese == "remover AWS::ECR::Repository R"


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ({"stack": "a b", "template": "a.yml"}, "the name of a stack"),
        ({"stack": "a", "template": "../a.yml"}, "a path inside the source"),
        ({"stack": "a"}, "option template is missing"),
        ({"stack": "a", "template": "a.yml", "capabilities": ["ALL"]}, "CAPABILITY_IAM"),
        ({"stack": "a", "template": "a.yml", "parametres": {}}, "did you mean parameters?"),
        ({"stack": "a", "template": "a.yml", "bucket": "b"}, "a list of stacks (unknown option bucket"),
    ],
)
def test_options_are_checked(stack: Json, said: str, estate: Estate) -> None:
    assert said in estate.runner.problems({"do": "plan", "stacks": [stack]})[0]


@pytest.mark.parametrize("bucket", ["", "A", "a/b", "https://a", 5])
def test_a_bucket_is_named(bucket: Json, estate: Estate) -> None:
    options: dict[str, Json] = {"do": "plan", "stacks": [{"stack": "a", "template": "a.yml"}], "bucket": bucket}
    assert "the name of a bucket" in estate.runner.problems(options)[0]
    assert estate.runner.problems({**options, "bucket": "estiva-templates"}) == []


def test_a_stack_is_listed_once(estate: Estate) -> None:
    stack: Json = {"stack": "a", "template": "a.yml"}
    assert estate.runner.problems({"do": "plan", "stacks": [stack]}) == []
    assert "each of them once" in estate.runner.problems({"do": "plan", "stacks": [stack, stack]})[0]
