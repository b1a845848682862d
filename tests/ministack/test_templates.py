"""The other templates that are shipped, as stacks of ministack: looked at, made by a change set, and used.

It knows every type of resource in them. Of some it keeps what it was given and makes nothing: no PostgreSQL of the
database, no file system of the folder, no build of the project (of which it drops where the log goes). Secrets and
volumes of a task it keeps as the template spells them, which no SDK reads: they are only counted.
"""

import json
from typing import Any

from runners.aws.ecs.events import Events
from runners.aws.session import Visitor
from storage.model.catalog import Json
from tests.doubles.aws.policies import decide
from tests.doubles.aws.server import ACCOUNT, REGION
from tests.ministack.house import House
from tests.runners.bench import Notes

ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-production"
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/web/hello"
OF_ESTIVA = {
    *("AWS::CloudWatch::Alarm", "AWS::EC2::SecurityGroup", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"),
    *("AWS::EFS::AccessPoint", "AWS::EFS::FileSystem", "AWS::EFS::MountTarget", "AWS::IAM::Role"),
    *("AWS::Logs::LogGroup", "AWS::RDS::DBInstance", "AWS::RDS::DBSubnetGroup", "AWS::SecretsManager::Secret"),
}


def stack(name: str, template: str, **parameters: str) -> dict[str, Json]:
    """What a catalog says of it."""
    capabilities: list[Json] = ["CAPABILITY_NAMED_IAM"]
    return {"stack": name, "template": template, "capabilities": capabilities, "parameters": dict(parameters)}


def made(house: House, name: str) -> dict[str, str]:
    """Logical name of what a stack has -> what it is called."""
    listed = house.cluster.emulator.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    assert {each["ResourceStatus"] for each in listed} == {"CREATE_COMPLETE"}
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}


def policies(house: House, role: str) -> list[dict[str, Any]]:
    """The policies of a role, with everything in them resolved."""
    iam = house.cluster.emulator.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]


async def test_estiva_hears_of_what_the_rule_lets_through(house: House, notes: Notes) -> None:
    emulator = house.cluster.emulator
    outcome = await house.applied(stack("estiva-events", "events.yml"), notes)
    (target,) = emulator.client("events").list_targets_by_rule(Rule="estiva-ecs")["Targets"]
    assert target["Arn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:estiva-ecs"
    account = await house.clouds.enter(emulator.place, Visitor(name="estiva"))
    with Events().listening(account, outcome.variables["QueueUrl"], SERVICE) as heard:
        assert heard is not None
        for kind, name, sends in (
            ("ECS Deployment State Change", "SERVICE_DEPLOYMENT_IN_PROGRESS", False),
            ("ECS Task State Change", "SERVICE_DEPLOYMENT_COMPLETED", False),
            ("ECS Deployment State Change", "SERVICE_DEPLOYMENT_COMPLETED", True),
            ("ECS Deployment State Change", "SERVICE_DEPLOYMENT_FAILED", True),
            ("ECS Hook State Change", "HOOK_AWAITING_ACTION", True),
        ):
            assert send(house, outcome.variables["QueueUrl"], kind, name) == sends
            assert not sends or await heard.wait(60), heard.deaf


def send(house: House, queue: str, kind: str, name: str) -> bool:
    """Send what ECS would, where the rule lets it through: ministack sends none, and nobody else may in ECS's name."""
    events, queues = (house.cluster.emulator.client(service) for service in ("events", "sqs"))
    event: dict[str, Any] = {
        "id": "1",
        "source": "aws.ecs",
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-11-27T00:00:00Z",
    }
    event |= {"detail-type": kind, "resources": [SERVICE], "detail": {"eventName": name}}
    pattern = events.describe_rule(Name="estiva-ecs")["EventPattern"]
    matches = bool(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])
    if matches:
        queues.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    return matches


async def test_the_project_that_builds_has_a_role_that_may_push_and_log(house: House, notes: Notes) -> None:
    emulator = house.cluster.emulator
    given = stack("hello-build", "build.yml", Name="hello", Source="https://git.example.com/team/hello.git")
    looked = await house.infra("preview", given, notes)
    assert {line.split()[2] for line in looked.details} == {
        *("AWS::CodeBuild::Project", "AWS::IAM::Role", "AWS::Logs::LogGroup"),
    }
    outcome = await house.applied(given, notes)
    assert outcome.variables == {"ProjectName": "hello"}
    (project,) = emulator.client("codebuild").batch_get_projects(names=["hello"])["projects"]
    assert project["environment"]["privilegedMode"]
    assert project["serviceRole"] == f"arn:aws:iam::{ACCOUNT}:role/build-hello"
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"
    assert decide(policies(house, "build-hello"), "ecr:PutImage", f"{repository}hello", {}) == "allowed"
    assert decide(policies(house, "build-hello"), "ecr:PutImage", f"{repository}other", {}) == "implicitDeny"
    assert (await house.infra("plan", given, notes)).unchanged


async def test_estiva_itself_is_made_and_changed(house: House, notes: Notes) -> None:
    given = of_estiva(house)
    looked = await house.infra("preview", given, notes)
    assert len(looked.details) == 17
    assert {line.split()[2] for line in looked.details} == OF_ESTIVA
    outcome = await house.applied(given, notes)
    assert outcome.variables == {"TaskRole": f"arn:aws:iam::{ACCOUNT}:role/estiva", "LogGroup": "/ecs/estiva"}
    names = made(house, "estiva")
    assert decide(policies(house, "estiva"), "sts:AssumeRole", ROLE, {}) == "allowed"
    assert decide(policies(house, "estiva"), "sts:AssumeRole", f"{ROLE}-other", {}) == "implicitDeny"
    check_the_database(house, names)
    check_the_task(house, names)

    assert (await house.infra("plan", given, notes)).unchanged
    larger = of_estiva(house, Memory="2048")
    planned = await house.infra("plan", larger, notes)
    assert any(line.startswith("estiva: change AWS::ECS::TaskDefinition Task") for line in planned.details)
    assert (await house.applied(larger, notes)).summary == "estiva is UPDATE_COMPLETE"
    assert task(house)["memory"] == "2048"


def of_estiva(house: House, **more: str) -> dict[str, Json]:
    """Estiva itself, in the cluster `web`, with the parameters that its documentation names."""
    emulator = house.cluster.emulator
    subnets = emulator.client("ec2").describe_subnets()["Subnets"][:2]
    if "estiva" not in house.cluster.repositories():
        house.cluster.image("estiva", "estiva")
        emulator.client("secretsmanager").create_secret(Name="slack", SecretString="{}")
    (image,) = house.cluster.ecr.describe_images(repositoryName="estiva")["imageDetails"]
    return stack(
        "estiva",
        "estiva.yml",
        Image=f"{emulator.host}/estiva@{image['imageDigest']}",
        SlackSecret=emulator.client("secretsmanager").describe_secret(SecretId="slack")["ARN"],
        Roles=ROLE,
        Cluster="web",
        Vpc=subnets[0]["VpcId"],
        Subnets=",".join(each["SubnetId"] for each in subnets),
        **more,
    )


def check_the_database(house: House, names: dict[str, str]) -> None:
    (database,) = house.cluster.emulator.client("rds").describe_db_instances()["DBInstances"]
    assert (database["StorageEncrypted"], database["PubliclyAccessible"]) == (True, False)
    assert database["DeletionProtection"]
    (access,) = house.cluster.emulator.client("ec2").describe_security_groups(GroupIds=[names["DatabaseAccess"]])[
        "SecurityGroups"
    ]
    (rule,) = access["IpPermissions"]
    assert (rule["FromPort"], [each["GroupId"] for each in rule["UserIdGroupPairs"]]) == (5432, [names["Inside"]])
    secrets = house.cluster.emulator.client("secretsmanager")
    password = secrets.get_secret_value(SecretId=names["DatabasePassword"])["SecretString"]
    url = secrets.get_secret_value(SecretId=names["DatabaseUrl"])["SecretString"]
    assert url.startswith(f"postgresql+psycopg://estiva:{password}@{database['Endpoint']['Address']}:5432/")


def check_the_task(house: House, names: dict[str, str]) -> None:
    (container,) = task(house)["containerDefinitions"]
    assert (len(container["secrets"]), len(task(house)["volumes"])) == (3, 1)
    assert task(house)["taskRoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/estiva"
    assert task(house)["executionRoleArn"].endswith(f"/{names['ExecutionRole']}")


def task(house: House) -> dict[str, Any]:
    """What the service of Estiva uses now."""
    using = house.cluster.service("estiva")["taskDefinition"]
    return dict(house.cluster.ecs.describe_task_definition(taskDefinition=using)["taskDefinition"])
