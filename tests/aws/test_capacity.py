"""Services on instances of EC2, and on capacity providers: tasks run where the service's own do, or say why not."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from runners.contract import ActionFailed
from tests.aws.fleet import Fleet
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.rollouts import Behaviour
from tests.doubles.aws.server import Server
from tests.runners.bench import Notes

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
SPREAD = [{"type": "spread", "field": "attribute:ecs.availability-zone"}]
LARGE = [{"type": "memberOf", "expression": "attribute:ecs.instance-type =~ m5.*"}]
PROVIDERS = [{"capacityProvider": "spot", "weight": 1, "base": 0}]
BEFORE: dict[str, Any] = {"before": [{"name": "migrate", "command": ["migrate"]}]}
NO_ROOM = "no container instance met all of its requirements. The closest one has insufficient memory available."


def on_instances(fleet: Fleet, mode: str = "bridge", **more: Any) -> None:
    """Let the service run on EC2."""
    definition = fleet.tasks.define(
        "hello", [fleet.container(memory=256)], networkMode=mode, requiresCompatibilities=["EC2"]
    )
    fleet.tasks.services.clear()
    fleet.service = fleet.tasks.serve("hello", definition, more=more)


async def asked(fleet: Fleet, server: Server) -> dict[str, Any]:
    """What a task before the release was asked for with."""
    await fleet.deploy(fleet.pushed("new"), options=BEFORE)
    assert fleet.service.primary.rollout == "COMPLETED"
    (given,) = [each.given for each in server.calls if each.operation == "RunTask"]
    return given


@pytest.mark.parametrize("mode", ["bridge", "host"])
async def test_a_task_on_ec2_is_placed_as_those_of_the_service_are(fleet: Fleet, server: Server, mode: str) -> None:
    on_instances(fleet, mode, launchType="EC2", placementStrategy=SPREAD, placementConstraints=LARGE)
    given = await asked(fleet, server)
    assert given["launchType"] == "EC2"
    assert given["placementStrategy"] == SPREAD
    assert given["placementConstraints"] == LARGE
    assert "networkConfiguration" not in given


async def test_a_network_that_the_revision_does_not_have_is_left_out(fleet: Fleet, server: Server, rest: Rest) -> None:
    rest.subnets.add("subnet-1")
    on_instances(fleet, launchType="EC2", networkConfiguration=NETWORK)
    assert "networkConfiguration" not in await asked(fleet, server)


async def test_a_network_of_its_own_is_taken_over_on_ec2_too(fleet: Fleet, server: Server, rest: Rest) -> None:
    rest.subnets.add("subnet-1")
    on_instances(fleet, "awsvpc", launchType="EC2", networkConfiguration=NETWORK)
    assert (await asked(fleet, server))["networkConfiguration"] == NETWORK


async def test_a_strategy_of_capacity_providers_stands_for_the_launch_type(fleet: Fleet, server: Server) -> None:
    on_instances(fleet, launchType="EC2", capacityProviderStrategy=PROVIDERS)
    given = await asked(fleet, server)
    assert given["capacityProviderStrategy"] == PROVIDERS
    assert "launchType" not in given


@pytest.mark.parametrize("given", [{"launchType": "EC2"}, {"capacityProviderStrategy": PROVIDERS}])
async def test_a_deploy_leaves_the_capacity_to_the_service(fleet: Fleet, server: Server, given: dict[str, Any]) -> None:
    on_instances(fleet, **given)
    await fleet.deploy(fleet.pushed("new"))
    (update,) = [each.given for each in server.calls if each.operation == "UpdateService"]
    assert set(update) == {"cluster", "service", "taskDefinition"}
    definition = fleet.definition_in_use()
    assert (definition["networkMode"], definition["requiresCompatibilities"]) == ("bridge", ["EC2"])
    assert definition["containerDefinitions"][0]["memory"] == 256


async def test_a_cluster_without_room_is_the_reason_of_the_failure(fleet: Fleet, notes: Notes) -> None:
    on_instances(fleet, launchType="EC2")
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(unplaced=NO_ROOM, vanishes_at=300)
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    work = replace(fleet.work(new), tell=tell)
    with pytest.raises(ActionFailed) as raised:
        await fleet.runner.run(work, notes)
    why = f"was unable to place a task because {NO_ROOM}"
    assert raised.value.reason.startswith(f"ECS {why.rstrip('.')}; ")
    assert told == [f"web/hello: ECS {why}"], "while it is waited for"


async def test_a_cluster_without_room_keeps_nobody_from_cancelling(fleet: Fleet) -> None:
    on_instances(fleet, launchType="EC2")
    new = fleet.pushed("new")
    fleet.tasks.behaviours[new] = Behaviour(unplaced=NO_ROOM)
    work = await fleet.begun(new)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert new not in str(fleet.definition_in_use()), "the service is back where it was"
