"""What is looked at before a deploy to ECS touches anything; all that is wrong is said at once."""

from typing import Any

import pytest

from runners.contract import ActionFailed
from tests.aws.fleet import Fleet
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.rollouts import EXITS, Behaviour
from tests.doubles.aws.server import ACCOUNT, REGION, Server
from tests.runners.bench import Notes

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:database-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/hello/token"


async def problems(fleet: Fleet) -> str:
    """What is said of a deploy, which has touched nothing."""
    with pytest.raises(ActionFailed) as failed:
        await fleet.deploy(fleet.pushed("new"))
    assert failed.value.error == "not_ready"
    assert not {"RegisterTaskDefinition", "UpdateService", "TagResource"} & {a.operation for a in fleet.server.calls}
    return failed.value.reason


def uses(fleet: Fleet, **container: Any) -> None:
    """Let the service use another task definition."""
    arn = fleet.tasks.define("other", [fleet.container(**container)], executionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/x")
    fleet.service.primary.task_definition = arn


async def test_more_parameters_than_aws_takes_at_once_are_looked_for(fleet: Fleet, rest: Rest) -> None:
    names = [f"parameter-{number}" for number in range(60)]
    uses(fleet, secrets=[{"name": f"N{number}", "valueFrom": name} for number, name in enumerate(names)])
    rest.parameters |= {*names[:59]}
    said = await problems(fleet)
    assert said.endswith("; the parameter parameter-59 is not there")
    assert said.count("the parameter ") == 1


async def test_everything_that_is_missing_is_said_at_once(fleet: Fleet, rest: Rest, server: Server) -> None:
    secrets = [
        {"name": "DATABASE", "valueFrom": f"{SECRET}:url::"},
        {"name": "TOKEN", "valueFrom": PARAMETER},
        {"name": "GREETING", "valueFrom": "plain-parameter"},
    ]
    uses(fleet, secrets=secrets, environment=[])
    fleet.tasks.log_groups.clear()
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"]}}
    fleet.service.more["networkConfiguration"] = network
    said = await problems(fleet)
    for part in (
        f"the role arn:aws:iam::{ACCOUNT}:role/x (executionRoleArn) is not there",
        "the log group /ecs/hello of hello is not there",
        f"the secret {SECRET} is not there",
        "the parameter /hello/token is not there",
        "the parameter plain-parameter is not there",
        "one of the subnets subnet-1, subnet-2 is not there",
        "one of the security groups sg-1 is not there",
        "GREETING is a variable in the catalog and a secret of hello",
    ):
        assert part in said
    asked = {each.operation for each in server.calls}
    assert "GetSecretValue" not in asked
    assert "GetParameters" not in asked


async def test_what_is_there_is_no_problem(fleet: Fleet, rest: Rest, identities: Identities) -> None:
    secrets = [{"name": "DATABASE", "valueFrom": SECRET}, {"name": "TOKEN", "valueFrom": PARAMETER}]
    uses(fleet, secrets=[*secrets, {"name": "PLAIN", "valueFrom": "plain"}])
    fleet.service.more["networkConfiguration"] = {
        "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    }
    rest.security_groups.add("sg-1")
    rest.secrets.add(SECRET)
    rest.parameters |= {"/hello/token", "plain"}
    rest.subnets.add("subnet-1")
    identities.roles.add("x")
    await fleet.deploy(fleet.pushed("new"))


@pytest.mark.parametrize(
    ("more", "desired", "problem"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, 2, "its deployment controller is CODE_DEPLOY"),
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, 2, "CANARY shifts traffic, and the service has no load"),
        (
            {"deploymentConfiguration": {"minimumHealthyPercent": 75, "maximumPercent": 125}},
            3,
            "with 3 tasks, 75 % and 125 % let ECS neither stop an old task nor start a new one",
        ),
    ],
)
async def test_a_service_that_cannot_be_deployed_to_is_told(
    fleet: Fleet, more: dict[str, Any], desired: int, problem: str
) -> None:
    fleet.service.more |= more
    fleet.service.desired = desired
    assert problem in await problems(fleet)


async def test_fargate_needs_an_execution_role(fleet: Fleet) -> None:
    arn = fleet.tasks.define("other", [fleet.container()], requiresCompatibilities=["FARGATE"])
    fleet.service.primary.task_definition = arn
    assert "has no execution role" in await problems(fleet)


async def test_a_cluster_that_is_going_is_told(fleet: Fleet) -> None:
    fleet.tasks.clusters["web"] = "DEPROVISIONING"
    assert "the cluster web is DEPROVISIONING" in await problems(fleet)


async def test_what_may_not_be_looked_at_is_noted_and_believed(fleet: Fleet, server: Server, notes: Notes) -> None:
    server.denied |= {"iam:GetRole", "logs:DescribeLogGroups"}
    await fleet.deploy(fleet.pushed("new"), notes)
    assert "not checked beforehand: allow iam:GetRole on *" in notes.text
    assert "not checked beforehand: allow logs:DescribeLogGroups on *" in notes.text


async def test_logs_are_looked_for_in_the_region_that_the_container_names(
    fleet: Fleet, server: Server, notes: Notes
) -> None:
    options = {"awslogs-group": "/ecs/hello", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "app"}
    logging = {"logDriver": "awslogs", "options": options}
    arn = fleet.tasks.define("other", [fleet.container(logConfiguration=logging)])
    fleet.service.primary.task_definition = arn
    bad = fleet.pushed("bad")
    fleet.tasks.behaviours[bad] = Behaviour(fails=EXITS, log=("KeyError: 'DATABASE_URL'",))
    with pytest.raises(ActionFailed):
        await fleet.deploy(bad, notes)
    assert "hello | KeyError: 'DATABASE_URL'" in notes.text
    assert {each.region for each in server.calls if each.service == "logs"} == {"us-east-1"}
    assert {each.region for each in server.calls if each.service == "ecs"} == {REGION}
