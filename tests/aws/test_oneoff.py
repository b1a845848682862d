"""Tasks that run before a release to ECS: once, with the new revision; when one fails, nothing is touched."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from runners.contract import ActionFailed
from tests.aws.fleet import Fleet
from tests.doubles.aws.jobs import Script
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import Fault, Server
from tests.runners.bench import Notes

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}}
MIGRATE: dict[str, Any] = {"name": "migrate", "command": ["python", "manage.py", "migrate"], "variables": {"SLOW": 1}}


@pytest.fixture(autouse=True)
def _network(fleet: Fleet, rest: Rest) -> None:
    fleet.service.more |= {"networkConfiguration": NETWORK, "launchType": "FARGATE"}
    rest.subnets.add("subnet-1")


def before(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"options": {"before": [*(tasks or (MIGRATE,))]}}


async def failed(fleet: Fleet, notes: Notes | None = None, **more: Any) -> ActionFailed:
    with pytest.raises(ActionFailed) as raised:
        await fleet.deploy(fleet.pushed("new"), notes, **(more or before()))
    return raised.value


async def test_a_migration_runs_with_the_new_revision_before_the_switch(
    fleet: Fleet, server: Server, notes: Notes
) -> None:
    fleet.tasks.jobs.scripts = [Script(log=("Applying 0001", "Applying 0002"))]
    await fleet.deploy(fleet.pushed("new"), notes, **before())
    asked = [each for each in server.calls if each.operation in ("RegisterTaskDefinition", "RunTask", "UpdateService")]
    assert [each.operation for each in asked] == ["RegisterTaskDefinition", "RunTask", "UpdateService"]
    given = asked[1].given
    assert given["taskDefinition"].endswith("hello:2")
    assert given["networkConfiguration"] == NETWORK
    assert given["launchType"] == "FARGATE"
    (override,) = given["overrides"]["containerOverrides"]
    assert override["name"] == "hello"
    assert override["command"] == ["python", "manage.py", "migrate"]
    assert override["environment"] == [{"name": "SLOW", "value": "1"}]
    assert notes.text.count("hello | Applying 0001") == notes.text.count("hello | Applying 0002") == 1
    assert "migrate: ended with exit code 0" in notes.text
    assert fleet.service.primary.rollout == "COMPLETED"


async def test_the_last_lines_of_a_task_come_though_they_are_late(fleet: Fleet, notes: Notes) -> None:
    fleet.tasks.jobs.scripts = [Script(log=("Applying 0001", "Traceback:\n  File x\r\nboom"), exit_code=1, late=1)]
    await failed(fleet, notes)
    told = [line for line in notes.lines if line.startswith("  hello | ")]
    assert told == [f"  hello | {line}" for line in ("Applying 0001", "Traceback:", "  File x", "boom")]


async def test_a_migration_that_fails_leaves_the_service_alone(fleet: Fleet, server: Server, notes: Notes) -> None:
    fleet.tasks.jobs.scripts = [Script(exit_code=1, log=("Applying 0001", "no such table: users"))]
    failure = await failed(fleet, notes)
    assert (failure.error, failure.exit_code) == ("task_failed", 1)
    assert failure.reason == (
        "migrate failed before the release: hello ended with exit code 1: Essential container in task exited"
    )
    assert "hello | no such table: users" in notes.text
    assert server.count("UpdateService") == 0


async def test_a_task_that_does_not_start_says_why(fleet: Fleet, server: Server) -> None:
    why = "ResourceInitializationError: unable to pull secrets or registry auth"
    fleet.tasks.jobs.scripts = [Script(exit_code=None, reason=why)]
    failure = await failed(fleet)
    assert failure.reason == f"migrate failed before the release: hello did not start: {why}"
    assert server.count("UpdateService") == 0


async def test_a_cluster_without_room_is_told_and_may_be_tried_again(fleet: Fleet, server: Server) -> None:
    fleet.tasks.jobs.scripts = [Script(refused="RESOURCE:MEMORY")]
    failure = await failed(fleet)
    assert (failure.error, failure.retryable) == ("task_not_placed", True)
    assert "RESOURCE:MEMORY" in failure.reason
    assert server.count("UpdateService") == 0


async def test_several_run_one_after_the_other_until_one_fails(fleet: Fleet, server: Server) -> None:
    fleet.tasks.jobs.scripts = [Script(), Script(exit_code=2)]
    failure = await failed(fleet, **before(MIGRATE, {"name": "seed", "command": ["seed"]}, {**MIGRATE, "name": "c"}))
    assert failure.reason.startswith("seed failed before the release")
    assert server.count("RunTask") == 2


async def test_an_environment_says_it_for_each_service(fleet: Fleet, server: Server) -> None:
    options: dict[str, Any] = {
        **fleet.environment.options,
        "before": {"hello": [MIGRATE], "other": [MIGRATE, {**MIGRATE, "name": "b"}]},
    }
    fleet.environment = replace(fleet.environment, options=options)
    await fleet.deploy(fleet.pushed("new"))
    assert server.count("RunTask") == 1


async def test_a_container_that_there_is_not_is_told_before_anything_is_touched(fleet: Fleet, server: Server) -> None:
    failure = await failed(fleet, **before({**MIGRATE, "container": "web"}))
    assert failure.error == "no_container"
    assert server.count("RegisterTaskDefinition") == 0


@pytest.mark.parametrize("more", [{"goes_back": True}, {"restarts": True}, {"restores": True}])
async def test_what_only_comes_back_migrates_nothing(fleet: Fleet, server: Server, more: dict[str, Any]) -> None:
    await fleet.deploy(fleet.old, **before(), **more)
    assert server.count("RunTask") == 0


async def test_a_cancelled_migration_is_stopped(fleet: Fleet, server: Server) -> None:
    fleet.tasks.jobs.scripts = [Script(takes=1e9)]
    work = asyncio.ensure_future(fleet.deploy(fleet.pushed("new"), **before()))
    while not fleet.tasks.jobs.tasks:  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    (task,) = fleet.tasks.jobs.shown()
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "Cancelled in Estiva")
    assert server.count("UpdateService") == 0


async def test_a_task_that_ended_just_before_it_is_stopped_keeps_nobody_up(fleet: Fleet, server: Server) -> None:
    fleet.tasks.jobs.scripts = [Script(takes=1e9)]
    new = fleet.pushed("new")
    work = asyncio.ensure_future(fleet.deploy(new, run="hello-810", **before()))
    while not fleet.tasks.jobs.tasks:  # noqa: ASYNC110 - the double tells nobody
        await asyncio.sleep(0.01)
    fleet.abandoned = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    server.faults = [Fault("StopTask", "InvalidParameterException", "The referenced task was not found.")]
    await fleet.runner.stop(fleet.work(new, run="hello-810", **before()))
    assert server.count("StopTask") == 1


async def test_a_task_that_ecs_has_forgotten_is_no_success(fleet: Fleet, server: Server) -> None:
    fleet.tasks.jobs.scripts = [Script(takes=1e9)]
    work = asyncio.ensure_future(fleet.deploy(fleet.pushed("new"), **before()))
    while not fleet.tasks.jobs.tasks:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    fleet.tasks.jobs.forget()
    with pytest.raises(ActionFailed) as raised:
        await work
    assert raised.value.error == "task_unknown"
    assert server.count("UpdateService") == 0


def test_says_what_a_list_of_tasks_should_be(fleet: Fleet) -> None:
    assert fleet.runner.problems({"before": [MIGRATE]}) == []
    assert fleet.runner.problems({"before": {"hello": [MIGRATE]}}) == []
    unnamed, misspelled = {"command": ["x"]}, {**MIGRATE, "comand": []}
    wrongs: list[Any] = [[], {}, {"hello": MIGRATE}, [unnamed], [MIGRATE, MIGRATE], [misspelled], "migrate"]
    for wrong in wrongs:
        assert "a list such as" in fleet.runner.problems({"before": wrong})[0]
