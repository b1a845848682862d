"""A stack with a service of ECS in it: whatever is changed, the service goes on with the revision that it runs."""

import asyncio
import json
from typing import Any

import pytest

from runners.contract import ActionFailed
from storage.model import artifact
from tests.aws.estate import CHANGES, IMAGE, STACK, Estate
from tests.doubles.aws.server import Fault
from tests.doubles.aws.tasks import Service, Tasks

NEW = "sha256:" + "2" * 64


def template(*logs: str, cpu: str = "256") -> str:
    """A task definition and the service with it, as `service.yml` has them, and log groups by these names."""
    text = {"Type": "String", "Default": ""}
    container = {"Name": "hello", "Image": {"Ref": "Image"}}
    task = {"Family": "hello", "Cpu": cpu, "ContainerDefinitions": [container]}
    using = {"Fn::If": ["HasRevision", {"Ref": "Revision"}, {"Ref": "Definition"}]}
    resources = {
        "Definition": {"Type": "AWS::ECS::TaskDefinition", "Properties": task},
        "Service": {"Type": "AWS::ECS::Service", "Properties": {"ServiceName": "hello", "TaskDefinition": using}},
        **{name: {"Type": "AWS::Logs::LogGroup", "Properties": {}} for name in logs},
    }
    return json.dumps(
        {
            "Parameters": {"Image": {**text, "Default": "first"}, "Revision": text},
            "Conditions": {"HasRevision": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Revision"}, ""]}]}},
            "Resources": resources,
        }
    )


@pytest.fixture
async def made(estate: Estate, tasks: Tasks) -> Estate:
    """The stack, made from nothing, with a service that was deployed to since."""
    estate.stacks.tasks = tasks
    estate.stack |= {"image": "Image", "task": "Revision", "cluster": "web"}
    await estate.applied(template(), digest="sha256:1")
    assert estate.stacks.known[STACK].parameters == {"Image": f"{IMAGE}@sha256:1", "Revision": ""}
    released(tasks)
    return estate


def released(tasks: Tasks) -> str:
    """Bring a release to the service, as a deploy does; gives its revision."""
    environment = [{"name": "ESTIVA_RUN", "value": "hello-1"}]
    container = {"name": "hello", "image": f"{IMAGE}@{NEW}", "environment": environment}
    arn = tasks.define("hello", [container], cpu="256")
    tasks.updated("web", "hello", arn)
    return arn


def service(tasks: Tasks) -> Service:
    return tasks.services["web", "hello"]


def running(tasks: Tasks) -> str:
    return service(tasks).primary.task_definition.rpartition("/")[2]


async def refused(work: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as failed:
        await work
    return failed.value


@pytest.mark.parametrize("text", [template("Zone"), template(cpu="512")])
async def test_no_change_moves_the_service_from_its_release(made: Estate, tasks: Tasks, text: str) -> None:
    deployments = len(service(tasks).deployments)
    await made.applied(text, digest=NEW)
    assert (running(tasks), len(service(tasks).deployments)) == ("hello:2", deployments)
    assert made.stacks.known[STACK].parameters["Revision"].endswith(":task-definition/hello:2")


async def test_a_task_definition_that_was_changed_says_when_it_takes_effect(made: Estate, tasks: Tasks) -> None:
    same = await made.applied(template("Zone"), digest=NEW)
    assert same.summary == f"{STACK} is UPDATE_COMPLETE"
    changed = await made.applied(template("Zone", cpu="512"), digest=NEW)
    assert changed.summary.endswith(
        "; the task definition takes effect with a deploy that has the option `base: newest`"
    )
    assert [arn.rpartition("/")[2] for arn in tasks.definitions] == ["hello:1", "hello:2", "hello:3"]
    made.environment.options["base"] = "newest"  # type: ignore[index]
    changed = await made.applied(template("Zone", cpu="1024"), digest=NEW)
    assert "with the next deploy, or `redeploy hello in production`" in changed.summary


async def test_the_image_that_runs_makes_no_revision_of_its_own(made: Estate, tasks: Tasks) -> None:
    await made.applied(template("Zone"), digest=NEW)
    assert len(tasks.definitions) == 2
    assert made.stacks.known[STACK].parameters["Image"] == f"{IMAGE}@sha256:1"


async def test_a_release_alone_is_nothing_to_apply(made: Estate, tasks: Tasks) -> None:
    """The parameter differs at each plan after a deploy; for ECS that is no change."""
    made.commit(template())
    planned = await made.does("plan", digest=NEW)
    assert (planned.unchanged, planned.artifacts[CHANGES]) == (True, artifact.NO_CHANGES)
    assert planned.summary == f"nothing to change in {STACK}"
    assert [each.execution for each in made.stacks.known[STACK].sets.values()] == ["EXECUTE_COMPLETE"]
    made.commit(template("Zone"))
    planned = await made.does("plan", digest=NEW)
    assert planned.summary == f"{STACK}: 1 to add, 0 to change (0 by replacement), 0 to remove"
    assert planned.details == [
        f"{STACK}: leave AWS::ECS::Service Service at hello:2, which it runs",
        f"{STACK}: add AWS::Logs::LogGroup Zone",
    ]
    made.commit(template(cpu="512"))
    planned = await made.does("plan", digest=NEW)
    assert f"{STACK}: change AWS::ECS::TaskDefinition Definition: Cpu" in planned.details


async def test_a_release_between_plan_and_apply_is_not_undone(made: Estate, tasks: Tasks) -> None:
    made.commit(template("Zone"))
    planned = await made.does("plan", "hello-950")
    released(tasks)
    failure = await refused(made.does("apply", "hello-950", **planned.artifacts))
    assert failure.error == "changes_gone"
    assert failure.reason == "web/hello runs hello:3, and the approved change set would put hello:2 there"
    assert (running(tasks), len(made.stacks.executed)) == ("hello:3", 1)


async def test_a_change_that_is_rolled_back_brings_no_old_release_back(made: Estate, tasks: Tasks) -> None:
    """CloudFormation goes back to the revision that the stack named the last time: here that of its beginning."""
    made.stacks.failing["Zone"] = "Limit exceeded"
    failure = await refused(made.applied(template("Zone", cpu="512"), digest=NEW))
    assert failure.error == "stack_rolled_back"
    assert failure.reason.endswith("; web/hello goes back to hello:2")
    assert [each.task_definition[-7:] for each in service(tasks).deployments] == [
        "hello:1",
        "hello:2",
        "hello:1",
        "hello:2",
    ]
    undone = [arn.rpartition("/")[2] for arn, tags in tasks.tags.items() if "estiva:undone" in tags]
    assert undone == ["hello:3"], "what was put into it is not to be deployed"


async def test_a_service_that_cannot_be_put_back_now_is_put_back_later(made: Estate, tasks: Tasks) -> None:
    made.stacks.failing["Zone"] = "Limit exceeded"
    made.server.faults += [
        Fault("UpdateService", "InternalFailure", status=501, times=8),
        Fault("TagResource", "InternalFailure", status=501, times=2),
    ]
    failure = await refused(made.applied(template("Zone", cpu="512"), digest=NEW))
    assert failure.reason.endswith("; web/hello goes back to hello:2")
    assert running(tasks) == "hello:2"
    assert [arn[-7:] for arn, tags in tasks.tags.items() if "estiva:undone" in tags] == ["hello:3"]


async def test_a_service_that_may_not_be_put_back_is_said(made: Estate, tasks: Tasks) -> None:
    made.stacks.failing["Zone"] = "Limit exceeded"
    made.server.denied |= {"ecs:UpdateService", "ecs:TagResource"}
    failure = await refused(made.applied(template("Zone", cpu="512"), digest=NEW))
    assert "; web/hello could not be put back: ecs:UpdateService is denied" in failure.reason
    assert "hello:3 could not be marked as undone: ecs:TagResource is denied" in made.notes.text
    assert running(tasks) == "hello:1"


async def test_a_change_that_is_cancelled_brings_no_old_release_back(made: Estate, tasks: Tasks) -> None:
    made.stacks.takes = 1e4
    made.commit(template("Zone", cpu="512"))
    planned = await made.does("plan", "hello-960", digest=NEW)
    work = asyncio.ensure_future(made.does("apply", "hello-960", **planned.artifacts))
    while made.stacks.status(STACK) != "UPDATE_IN_PROGRESS":  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    made.server.clock.skip(1.5e4)  # the service is what is updated now
    made.stacks.takes = 1
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert made.server.count("CancelUpdateStack") == 1
    made.server.clock.skip(100)
    await made.does("preview")
    ran = [each.task_definition[-7:] for each in service(tasks).deployments]
    assert ran == ["hello:1", "hello:2", "hello:1", "hello:2"]


async def test_an_outage_while_the_service_is_put_back_is_waited_out(made: Estate, tasks: Tasks) -> None:
    made.stacks.failing["Zone"] = "Limit exceeded"
    made.commit(template("Zone"))
    planned = await made.does("plan", "hello-980", digest=NEW)
    outage = Fault("DescribeServices", "ServerException", status=500, times=6)
    made.server.faults.append(outage)
    failure = await refused(made.does("apply", "hello-980", **planned.artifacts))
    assert (failure.error, running(tasks), outage.times) == ("stack_rolled_back", "hello:2", 0)


async def test_a_service_that_is_named_wrongly_is_not_touched(made: Estate, tasks: Tasks) -> None:
    made.stack["service"] = "helo"
    made.commit(template("Zone"))
    failure = await refused(made.does("plan", "hello-970", digest=NEW))
    assert failure.error == "no_service"
    assert failure.reason == f"{STACK} has a service of ECS, and web/helo is not there"
    assert [each.execution for each in made.stacks.known[STACK].sets.values()] == ["EXECUTE_COMPLETE"]
    del made.stack["service"]
    await made.applied(template("Zone"), digest=NEW)
    assert running(tasks) == "hello:2"


async def test_nothing_is_put_back_where_nothing_was_planned_to_stay(estate: Estate, tasks: Tasks) -> None:
    estate.stacks.tasks = tasks
    estate.stacks.failing["Zone"] = "Limit exceeded"
    estate.stack["task"] = "Revision"
    failure = await refused(estate.applied(template("Zone")))
    assert failure.reason.endswith(f"; {STACK} is ROLLBACK_COMPLETE")
    assert artifact.runs("production", STACK) == "runs/production/hello-production"
