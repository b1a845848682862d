"""The template of a service that is shipped, as a stack of ministack: looked at, made by a change set, and changed."""

from storage.model.catalog import Json
from tests.ministack.house import House
from tests.runners.bench import Notes

STACK = "hello-production"
MADE = [
    *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Alarm"),
    *("AWS::ECR::Repository", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"),
    *("AWS::IAM::Role", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
]


def stack(house: House, image: str, **parameters: str) -> dict[str, Json]:
    """What the catalog says of it."""
    ec2 = house.cluster.emulator.client("ec2")
    places = {
        "Subnets": ec2.describe_subnets()["Subnets"][0]["SubnetId"],
        "SecurityGroups": ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"],
    }
    # its change sets list what a condition leaves out, so that nothing is left out here
    given = {"Name": "hello", "Images": "hello", "MakesImages": "yes", "Cluster": "web", "Image": image}
    return {
        "stack": STACK,
        "template": "service.yml",
        "capabilities": ["CAPABILITY_NAMED_IAM"],
        "parameters": {**given, **places, **parameters},
    }


async def test_just_what_was_planned_is_made_and_changed(house: House, notes: Notes) -> None:
    cluster, clouds = house.cluster, house.cluster.emulator.client("cloudformation")
    first = f"{cluster.emulator.host}/first@{cluster.image('first', 'first')}"

    looked = await house.infra("preview", stack(house, first), notes)
    assert sorted(line.removeprefix(f"{STACK}: add ").split()[0] for line in looked.details) == MADE
    assert clouds.describe_stacks()["Stacks"] == [], "the empty stack of the change set is gone again"

    made = await house.applied(stack(house, first), notes)
    assert made.variables["LogGroup"] == "/ecs/hello"
    assert "hello" in cluster.repositories()
    await cluster.until(lambda: cluster.runs("hello") == [first])
    # ministack keeps the port of its template as text, which no SDK takes: so nothing is deployed to this service

    again = await house.infra("plan", stack(house, first), notes)
    assert again.unchanged

    wider = stack(house, first, Cpu="512")
    planned = await house.infra("plan", wider, notes)
    assert any(line.startswith(f"{STACK}: change AWS::ECS::TaskDefinition Task") for line in planned.details)
    changed = await house.applied(wider, notes)
    assert changed.summary == f"{STACK} is UPDATE_COMPLETE"
    using = cluster.service("hello")["taskDefinition"]
    assert cluster.ecs.describe_task_definition(taskDefinition=using)["taskDefinition"]["cpu"] == "512"
