"""A deploy to ECS, on a strict double whose rollouts move two hundred times as fast as AWS's."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from runners.contract import ActionFailed
from storage.model.catalog import Action, Stage
from tests.aws.fleet import Fleet
from tests.aws.images import put
from tests.doubles.aws.rollouts import EXITS, NEVER, Behaviour
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes


async def failed(fleet: Fleet, digest: str, notes: Notes | None = None, **more: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as raised:
        await fleet.deploy(digest, notes, **more)
    return raised.value


async def test_registers_updates_and_follows_to_the_end(fleet: Fleet, notes: Notes) -> None:
    new = fleet.pushed("new")
    outcome = await fleet.deploy(new, notes)
    assert fleet.revisions() == ["hello:1", "hello:2"]
    assert fleet.service.primary.rollout == "COMPLETED"
    assert fleet.service.primary.id == outcome.variables["DEPLOYMENT"]
    assert outcome.variables["TASK_DEFINITION"].endswith("hello:2")
    assert outcome.artifacts == {"address": "https://hello.example.com"}
    assert "hello:2 registered, from hello:1" in notes.text
    assert "has reached a steady state" in notes.text


async def test_the_new_revision_is_the_old_one_with_the_image_by_digest(fleet: Fleet, notes: Notes) -> None:
    new = fleet.pushed("new")
    await fleet.deploy(new, notes, run="hello-77")
    old, made = fleet.tasks.definitions[fleet.definition], fleet.definition_in_use()
    for name in (
        "family",
        "taskRoleArn",
        "executionRoleArn",
        "networkMode",
        "cpu",
        "memory",
        "requiresCompatibilities",
    ):
        assert made[name] == old[name]
    (container,) = made["containerDefinitions"]
    assert container["image"] == f"{fleet.image}@{new}"
    assert container["portMappings"] == [{"containerPort": 8000}]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    assert variables["MODE"] == "prod"
    assert variables["GREETING"] == "olá"
    assert (variables["ESTIVA_RUN"], variables["ESTIVA_DIGEST"]) == ("hello-77", new)
    assert fleet.tasks.tags[made["taskDefinitionArn"]] == {
        "team": "web",
        "estiva:key": "hello-77/deploy-production/deploy/1",
        "estiva:run": "hello-77",
        "estiva:digest": new,
        "estiva:previous": fleet.definition,
    }
    assert f"hello: image {fleet.image}@{fleet.old} becomes {fleet.image}@{new}" in notes.text
    assert "hello: variables with another value: GREETING" in notes.text
    assert "olá" not in notes.text


async def test_a_variable_that_left_the_catalog_leaves_the_container(fleet: Fleet) -> None:
    fleet.env = {"GREETING": "olá", "BETA": "1"}
    await fleet.deploy(fleet.pushed("one"))
    fleet.env = {"GREETING": "olá"}
    await fleet.deploy(fleet.pushed("two"))
    variables = {each["name"] for each in fleet.definition_in_use()["containerDefinitions"][0]["environment"]}
    assert "BETA" not in variables
    assert "MODE" in variables


async def test_starts_from_the_revision_in_use_not_from_the_newest(fleet: Fleet) -> None:
    fleet.tasks.define("hello", [fleet.container(environment=[])], cpu="4096", memory="8192")
    await fleet.deploy(fleet.pushed("new"))
    assert fleet.definition_in_use()["cpu"] == "256"


async def test_a_release_that_ends_at_once_is_a_failure_with_its_last_words(fleet: Fleet, notes: Notes) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS, log=("Traceback", "KeyError: 'DATABASE_URL'"))
    failure = await failed(fleet, bad, notes)
    assert failure.error == "tasks_failed"
    assert failure.exit_code == 3
    assert failure.reason == (
        "hello ended with exit code 3: Essential container in task exited; "
        "ECS deployment circuit breaker: tasks failed to start.; ECS goes to hello:1"
    )
    assert "EssentialContainerExited: Essential container in task exited" in notes.text
    assert "  hello | KeyError: 'DATABASE_URL'" in notes.text
    assert fleet.service.primary.task_definition == fleet.definition


async def test_without_a_rollback_of_its_own_the_service_is_put_back(fleet: Fleet, notes: Notes) -> None:
    fleet.service.rollback = False
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS)
    failure = await failed(fleet, bad, notes)
    assert failure.reason.endswith("; web/hello goes back to hello:1")
    assert fleet.service.primary.task_definition == fleet.definition


async def test_an_image_that_cannot_be_pulled_has_no_log_and_says_so(fleet: Fleet, notes: Notes) -> None:
    bad = fleet.pushed("bad")
    why = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref"
    end = {"stopCode": "TaskFailedToStart", "stoppedReason": why, "container": {"reason": why}}
    fleet.tasks.behaviours[bad] = Behaviour(fails=end)
    failure = await failed(fleet, bad, notes)
    assert failure.reason.startswith("hello did not start: CannotPullContainerError")
    assert failure.exit_code is None
    assert "hello wrote nothing: there is no log stream app/hello/" in notes.text


async def test_an_alarm_is_a_failure_of_its_own(fleet: Fleet) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(alarm_at=40)
    failure = await failed(fleet, bad)
    assert failure.error == "alarm"
    assert "alarm detected" in failure.reason


async def test_a_deployment_that_is_gone_is_never_a_success(fleet: Fleet) -> None:
    """The stock waiter calls this stable: one deployment, all of its tasks running."""
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(vanishes_at=30)
    failure = await failed(fleet, new)
    assert failure.error == "rolled_back"
    assert failure.reason == "the deployment of hello:2 is gone; ECS goes to hello:1"


async def test_somebody_else_who_deploys_meanwhile_is_named(fleet: Fleet) -> None:
    new = fleet.pushed("new")
    other = fleet.tasks.define("hello", [fleet.container()])

    fleet.tasks.behaviours[new] = Behaviour(steady=NEVER)
    work = await fleet.begun(new)
    fleet.tasks.deploy(fleet.service, other)
    with pytest.raises(ActionFailed) as raised:
        await work
    assert raised.value.error == "overtaken"
    assert "somebody deployed hello:2 while hello:3 was on its way" in raised.value.reason


async def test_looks_that_fail_for_a_while_do_not_fail_the_deploy(fleet: Fleet, server: Server, notes: Notes) -> None:
    outage = Fault("DescribeServices", "InternalFailure", status=501, times=2, after="UpdateService")
    server.faults = [outage]
    await fleet.deploy(fleet.pushed("new"), notes)
    assert outage.times == 0
    assert notes.text.count("the deployment goes on, and is looked at again") == 2
    assert fleet.service.primary.rollout == "COMPLETED"


async def test_a_deployment_that_cannot_be_looked_at_any_more_is_told_to_go_on(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(steady=NEVER)
    work = await fleet.begun(new)
    server.expired |= set(server.keys)
    with pytest.raises(ActionFailed) as raised:
        await work
    assert raised.value.error == "aws_expired"
    assert raised.value.reason.endswith(f"; {fleet.service.primary.id} goes on in ECS, and nobody watches it")


async def test_a_cancelled_deploy_is_stopped_and_rolled_back(fleet: Fleet, server: Server, notes: Notes) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(starts=1e6, steady=1e6)
    work = await fleet.begun(new, notes)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert server.count("StopServiceDeployment") == 1
    assert fleet.service.primary.task_definition == fleet.definition
    assert "web/hello goes back to hello:1" in notes.text


async def test_a_cancel_without_the_right_to_stop_deployments_updates_back(fleet: Fleet, server: Server) -> None:
    server.denied.add("ecs:StopServiceDeployment")
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(starts=1e6, steady=1e6)
    work = await fleet.begun(new)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert server.count("UpdateService") == 2
    assert fleet.service.primary.task_definition == fleet.definition


async def test_a_shutdown_leaves_the_deployment_to_be_found_again(fleet: Fleet, server: Server, notes: Notes) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(steady=NEVER)
    work = await fleet.begun(new, run="hello-500")
    fleet.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    fleet.abandoned = False
    fleet.service.primary.behaviour = Behaviour()
    outcome = await fleet.deploy(new, notes, run="hello-500")
    assert outcome.variables["DEPLOYMENT"] == fleet.service.primary.id
    assert server.count("RegisterTaskDefinition") == server.count("UpdateService") == 1


async def test_what_was_rolled_back_while_nobody_looked_is_not_done_again(fleet: Fleet, server: Server) -> None:
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS)
    await failed(fleet, bad, run="hello-501")
    for each in fleet.service.deployments[:-1]:
        each.listed = False
    failure = await failed(fleet, bad, run="hello-501")
    assert failure.error == "rolled_back"
    assert "was begun and is over: ROLLBACK" in failure.reason
    assert server.count("RegisterTaskDefinition") == server.count("UpdateService") == 1


async def test_nobody_awaits_it_any_more(fleet: Fleet, server: Server) -> None:
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(starts=1e6, steady=1e6)
    work = await fleet.begun(new, run="hello-502")
    fleet.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await fleet.runner.stop(fleet.work(new, run="hello-503"))
    assert fleet.service.primary.task_definition != fleet.definition, "of another run"
    await fleet.runner.stop(fleet.work(new, run="hello-502"))
    assert fleet.service.primary.task_definition == fleet.definition
    await fleet.runner.stop(fleet.work(new, run="hello-502"))
    assert len(fleet.service.deployments) == 3


async def test_a_rollback_uses_the_revision_that_ran_before(fleet: Fleet, notes: Notes, server: Server) -> None:
    first, second = fleet.pushed("one"), fleet.pushed("two")
    await fleet.deploy(first)
    before = fleet.service.primary.task_definition
    await fleet.deploy(second)
    await fleet.deploy(first, notes, goes_back=True)
    assert fleet.service.primary.task_definition == before
    assert server.count("RegisterTaskDefinition") == 2
    assert "ran here before, and is used again" in notes.text
    third = fleet.pushed("three")
    await fleet.deploy(third)
    await fleet.deploy(first, goes_back=True)
    assert fleet.service.primary.task_definition == before


async def test_a_rollback_that_fails_goes_back_to_what_it_replaced(fleet: Fleet) -> None:
    first, second = fleet.pushed("one"), fleet.pushed("two")
    await fleet.deploy(first)
    await fleet.deploy(second)
    now = fleet.service.primary.task_definition
    fleet.tasks.behaviours[first] = Behaviour(fails=EXITS)
    fleet.service.rollback = False
    failure = await failed(fleet, first, goes_back=True)
    assert failure.reason.endswith("web/hello goes back to hello:3")
    assert fleet.service.primary.task_definition == now


async def test_the_same_digest_again_is_a_new_revision_unless_it_goes_back(fleet: Fleet) -> None:
    new = fleet.pushed("new")
    await fleet.deploy(new)
    await fleet.deploy(new)
    assert fleet.revisions() == ["hello:1", "hello:2", "hello:3"]


async def test_what_still_runs_is_left_alone_when_it_is_put_back(fleet: Fleet, notes: Notes, server: Server) -> None:
    outcome = await fleet.deploy(fleet.old, notes, restores=True)
    assert outcome.unchanged
    assert "hello:1 still runs" in notes.text
    assert server.count("UpdateService") == 0


async def test_a_failed_run_puts_back_what_ran(fleet: Fleet, server: Server) -> None:
    await fleet.deploy(fleet.pushed("new"), run="hello-504")
    await fleet.deploy(fleet.old, run="hello-504", key="hello-504/rollback/rollback/1", restores=True)
    assert fleet.service.primary.task_definition == fleet.definition
    assert server.count("RegisterTaskDefinition") == 1


async def test_containers_are_taken_by_name_as_the_build_says(fleet: Fleet) -> None:
    side = f"{fleet.registry.host}/side"
    digest = fleet.pushed("new")
    sidecar = put(fleet.registry, "side", "side", tag="v1")
    arn = fleet.tasks.define("pair", [fleet.container("app"), fleet.container("proxy", image=f"{side}:v0")])
    fleet.tasks.serve("hello", arn)
    fleet.service = fleet.tasks.services["web", "hello"]
    work = fleet.work(digest)
    (work.workspace / "artifacts").mkdir()
    file = work.workspace / "artifacts" / "imagedefinitions.json"
    listed = [{"name": "app", "imageUri": f"{fleet.image}:new"}, {"name": "proxy", "imageUri": f"{side}:v1"}]
    file.write_text(json.dumps(listed))
    await fleet.runner.run(work, Notes())
    images = [each["image"] for each in fleet.definition_in_use()["containerDefinitions"]]
    assert images == [f"{fleet.image}@{digest}", f"{side}@{sidecar}"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ('[{"name": "wrong", "imageUri": "x:1"}]', "no_container", "its containers are hello"),
        ('[{"name": "hello"}]', "bad_image_definitions", "KeyError"),
        ("{", "bad_image_definitions", "JSONDecodeError"),
        ("[" + " " * 100_001 + "]", "bad_image_definitions", "more than 100000 bytes"),
    ],
)
async def test_bad_image_definitions_are_told_before_anything_is_touched(
    fleet: Fleet, server: Server, text: str, error: str, said: str
) -> None:
    work = fleet.work(fleet.pushed("new"))
    (work.workspace / "artifacts").mkdir()
    (work.workspace / "artifacts" / "imagedefinitions.json").write_text(text)
    with pytest.raises(ActionFailed) as raised:
        await fleet.runner.run(work, Notes())
    assert raised.value.error == error
    assert said in f"{raised.value.reason} {raised.value.hint}"
    assert server.count("RegisterTaskDefinition") == 0


async def test_a_container_of_the_catalog_that_is_not_there_is_told(fleet: Fleet, server: Server) -> None:
    failure = await failed(fleet, fleet.pushed("new"), options={"container": "web"})
    assert (failure.error, server.count("RegisterTaskDefinition")) == ("no_container", 0)


async def test_an_image_that_is_gone_is_told_before_anything_is_touched(fleet: Fleet, server: Server) -> None:
    failure = await failed(fleet, "sha256:" + "0" * 64)
    assert (failure.error, server.count("RegisterTaskDefinition")) == ("image_missing", 0)


@pytest.mark.parametrize("options", [{"service": "nothing"}, {"cluster": "nowhere"}, {"service": "gone"}])
async def test_a_service_that_is_not_there_is_told(fleet: Fleet, options: dict[str, str], server: Server) -> None:
    fleet.tasks.serve("gone", fleet.definition, status="INACTIVE")
    failure = await failed(fleet, fleet.pushed("new"), options=options)
    assert failure.error == "no_service"
    assert next(iter(options.values())) in failure.reason
    assert server.count("UpdateService") == 0


async def test_the_environment_names_services_that_are_called_otherwise(fleet: Fleet) -> None:
    fleet.tasks.serve("hello-prod", fleet.definition)
    fleet.environment = replace(fleet.environment, options={"cluster": "web", "services": {"hello": "hello-prod"}})
    await fleet.deploy(fleet.pushed("new"))
    assert fleet.tasks.services["web", "hello-prod"].primary.task_definition.endswith("hello:2")
    assert fleet.service.primary.task_definition == fleet.definition


async def test_a_service_is_scaled_without_a_new_deployment(fleet: Fleet, server: Server, notes: Notes) -> None:
    for count in (5, 1, 1):
        await fleet.deploy(fleet.old, notes, scales=True, replicas=count)
        assert fleet.service.primary.running == fleet.service.desired == count
    assert server.count("RegisterTaskDefinition") == 0
    assert len(fleet.service.deployments) == 1
    assert "web/hello goes from 2 to 5 tasks of hello:1" in notes.text


async def test_a_deploy_brings_the_number_that_somebody_said(fleet: Fleet) -> None:
    await fleet.deploy(fleet.pushed("new"), replicas=3)
    assert (fleet.service.desired, fleet.service.primary.running) == (3, 3)


async def test_what_the_tasks_write_now_can_be_read(fleet: Fleet) -> None:
    with pytest.raises(ActionFailed) as failed:
        await fleet.runner.tail(fleet.work("").service, fleet.environment, None, 10)
    assert failed.value.error == "not_running"
    fleet.tasks.run_task(fleet.service, ["one", "two", "three"])
    assert await fleet.runner.tail(fleet.work("").service, fleet.environment, None, 2) == ["two", "three"]


async def test_plans_and_logs_look_at_every_service_that_an_action_names(fleet: Fleet) -> None:
    _, worker = (fleet.tasks.serve(name, fleet.definition) for name in ("hello-web", "hello-worker"))
    actions = [Action(name=name, uses="ecs", options={"service": name}) for name in ("hello-web", "hello-worker")]
    stage = Stage(name="deploy", environment="production", actions=(*actions, replace(actions[0], name="again")))
    service = replace(fleet.work("").service, stages=(stage,))
    new = fleet.pushed("new")
    lines = await fleet.runner.foresee(service, fleet.environment, new)
    becomes = f"hello: image {fleet.image}@{fleet.old} becomes {fleet.image}@{new}"
    assert [each for each in lines if "becomes" in each] == [
        f"web/hello-web: {becomes}",
        f"web/hello-worker: {becomes}",
    ]
    fleet.tasks.run_task(worker, ["one"])
    assert await fleet.runner.tail(service, fleet.environment, None, 9) == ["one"]


async def test_what_a_deploy_would_change_is_told_and_nothing_is_touched(fleet: Fleet, server: Server) -> None:
    fleet.env = {"GREETING": "olá", "BETA": "1"}
    fleet.tasks.log_groups.clear()
    service = fleet.work("").service
    new = fleet.pushed("new")
    image, variables, changed, problem = await fleet.runner.foresee(service, fleet.environment, new)
    assert image == f"hello: image {fleet.image}@{fleet.old} becomes {fleet.image}@{new}"
    assert variables == "hello: new variables: BETA, ESTIVA_ENVIRONMENT, ESTIVA_SERVICE"
    assert changed == "hello: variables with another value: GREETING"
    assert "the log group /ecs/hello of hello is not there" in problem
    assert len(await fleet.runner.foresee(service, fleet.environment, None)) == 3
    assert {each.operation for each in server.calls}.isdisjoint({"RegisterTaskDefinition", "UpdateService"})
