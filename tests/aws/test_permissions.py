"""`estiva doctor` against the policies that are shipped, with the roles and the catalog of the guide in docs/aws.md."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from runners.aws.checkup import checkup
from runners.aws.permissions.asked import TO_ASK
from runners.aws.session import Clouds
from runners.kinds import known_kinds
from storage.catalog import load
from storage.model.catalog import Action, Catalog, Environment, Registry, Service, Stage
from storage.model.cloud import Aws
from tests.aws.yard import Yard
from tests.doubles.aws.builds import Builds
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.policies import listed
from tests.doubles.aws.server import ACCOUNT, REGION
from tests.doubles.aws.tasks import Tasks

SHIPPED = Path(__file__).parents[2] / "examples" / "aws"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-"
FILES = {
    "registry": ("registry",),
    "homolog": ("deploy", "infra", "build"),
    "production": ("deploy", "infra"),
    "pipeline": ("pipeline",),
}
"""Role -> the policies that the guide gives it."""
DOUBT = "cannot be told, nothing names yet what it is for"
BEFORE = "before: {hello: [{name: migrate, command: [migrate]}]}"


def shipped(role: str) -> dict[str, dict[str, Any]]:
    """Give the policies of a role, by file, as the guide has them written for it."""
    texts = {name: (SHIPPED / f"{name}-policy.json").read_text() for name in FILES[role]}
    if role == "homolog":
        texts = {name: text.replace("production", "homolog") for name, text in texts.items()}
    return {name: json.loads(text.replace("us-east-1", REGION)) for name, text in texts.items()}


@dataclass
class Account:
    """The account of the guide, all made, with tasks before each release, a queue, and artifacts that are fetched."""

    identities: Identities
    clouds: Clouds
    catalog: Catalog

    def allow(self, role: str, policies: dict[str, dict[str, Any]]) -> None:
        self.identities.policies[ROLE + ("production" if role == "pipeline" else role)] = [*policies.values()]

    async def said(self, role: str) -> str:
        """What doctor says of the permissions of a role."""
        what = f"aws for {'the registry' if role == 'registry' else role}: permissions"
        async for finding in checkup(self.catalog, self.clouds):
            if finding.what == what:
                return ("ok: " if finding.ok else "wrong: ") + finding.found
        raise AssertionError(f"doctor says nothing of {what}")


@pytest.fixture
def account(
    clouds: Clouds, place: Aws, identities: Identities, tasks: Tasks, builds: Builds, tmp_path: Path
) -> Account:
    text = (SHIPPED / "pipeline" / "catalog.yml").read_text().replace("us-east-1", REGION)
    text = text.replace("      events:", f"      {BEFORE}\n      events:")
    file = tmp_path / "catalog.yml"
    text = text.replace("          stacks:", f"          bucket: estiva-templates-{ACCOUNT}\n          stacks:")
    file.write_text(text.replace("{project: hello}", "{project: hello, fetch: true, batch: true}"))
    catalog = load(file, known_kinds())
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/hello", "awslogs-region": REGION}}
    roles = dict.fromkeys(("taskRoleArn", "executionRoleArn"), f"arn:aws:iam::{ACCOUNT}:role/tasks-hello")
    secret = {"name": "KEY", "valueFrom": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:hello-AbCdEf:key::"}
    for name in ("homolog", "production"):
        container = {"name": "web", "image": "x", "logConfiguration": log, "secrets": [secret]}
        tasks.clusters[name] = "ACTIVE"
        tasks.serve(f"hello-{name}", tasks.define(f"hello-{name}", [container], **roles), cluster=name)
    builds.project("hello", artifacts={"type": "S3", "location": "hello-artifacts", "path": "built", "name": "hello"})
    assert catalog.registry.ecr is not None
    for role in ("registry", "homolog", "production"):
        identities.trusted[ROLE + role] = f"estiva-{role}"
        identities.policies[ROLE + role] = [*shipped(role).values()]
    places = {
        name: replace(each, aws=replace(each.aws, endpoints=place.endpoints)) if each.aws else each
        for name, each in catalog.environments.items()
    }
    ecr = replace(catalog.registry.ecr, aws=replace(catalog.registry.ecr.aws, endpoints=place.endpoints))
    registry = replace(catalog.registry, ecr=ecr)
    return Account(identities, clouds, replace(catalog, environments=places, registry=registry))


@pytest.mark.parametrize("role", ["registry", "homolog", "production"])
async def test_all_is_well_with_what_is_shipped(account: Account, role: str) -> None:
    said = await account.said(role)
    assert said.startswith("ok: all ")
    assert said.endswith(" are there")


def without_one(role: str) -> Iterator[tuple[str, dict[str, dict[str, Any]], set[str]]]:
    """Take away one statement; gives what it alone allowed."""
    whole = shipped(role)
    for name, document in whole.items():
        for at, statement in enumerate(document["Statement"]):
            less = copy.deepcopy(whole)
            del less[name]["Statement"][at]
            actions = {each for each in listed(statement["Action"]) if not _elsewhere(less, each)}
            yield f"{name}: {statement['Sid']}", less, actions


def _elsewhere(policies: dict[str, dict[str, Any]], action: str) -> bool:
    """`iam:PassRole`, `logs:GetLogEvents` and `s3:GetObject` are for something else in each statement."""
    rest = [each for document in policies.values() for each in document["Statement"]]
    split = {"iam:PassRole", "logs:GetLogEvents", "s3:GetObject"}
    return action not in split and any(action in listed(each["Action"]) for each in rest)


def names(said: str) -> set[str]:
    """The actions that doctor names as missing."""
    missing = said.removeprefix("wrong: missing: ")
    return {each for part in missing.split("; ") for each in part.split(" on ")[0].split(", ")}


@pytest.mark.parametrize("role", ["registry", "homolog", "production"])
async def test_names_exactly_what_a_statement_would_have_allowed(account: Account, role: str) -> None:
    for which, policies, actions in without_one(role):
        account.allow(role, policies)
        said = await account.said(role)
        if actions == {TO_ASK}:
            assert said.startswith(f"wrong: could not be looked at, {TO_ASK} is missing"), which
        elif actions:
            assert said.startswith("wrong: missing: "), which
            assert names(said) == actions, which
        else:
            assert said.startswith("ok: "), which


@pytest.mark.parametrize(
    ("sid", "resource", "said"),
    [
        (
            "Register",
            "task-definition/*",
            "ecs:RegisterTaskDefinition, ecs:TagResource on {ecs}:task-definition/hello-production:1",
        ),
        ("Register", "task/production/*", "ecs:TagResource on {ecs}:task/production/estiva-doctor"),
        ("Deploy", "service/production/*", "ecs:UpdateService on {ecs}:service/production/hello-production"),
        (
            "Deploy",
            "service-deployment/production/*",
            (
                "ecs:ContinueServiceDeployment, ecs:StopServiceDeployment on "
                "{ecs}:service-deployment/production/hello-production/estiva-doctor"
            ),
        ),
        ("TasksBeforeARelease", "task-definition/*", "ecs:RunTask on {ecs}:task-definition/hello-production:1"),
        ("TasksBeforeARelease", "task/production/*", "ecs:StopTask on {ecs}:task/production/estiva-doctor"),
    ],
)
async def test_names_what_one_resource_less_forbids(account: Account, sid: str, resource: str, said: str) -> None:
    policies = shipped("production")
    ecs = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
    (statement,) = [each for each in policies["deploy"]["Statement"] if each["Sid"] == sid]
    statement["Resource"].remove(f"{ecs}:{resource}")
    account.allow("production", policies)
    assert await account.said("production") == f"wrong: missing: {said.format(ecs=ecs)}"


async def test_a_role_that_may_be_passed_to_another_service_is_missing(account: Account) -> None:
    policies = shipped("production")
    (statement,) = [each for each in policies["deploy"]["Statement"] if each["Sid"] == "PassTheRolesOfTheTasks"]
    statement["Condition"] = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    account.allow("production", policies)
    assert (
        await account.said("production") == f"wrong: missing: iam:PassRole on arn:aws:iam::{ACCOUNT}:role/tasks-hello"
    )


def doing(environment: Environment, *actions: Action) -> Catalog:
    """A catalog of one service, which does these actions in one environment."""
    stage = Stage(name="deploy", environment=environment.name, actions=actions)
    service = Service(name="hello", repository="unused", image="x/x", stages=(stage,))
    environments, registry = {environment.name: environment}, Registry(host="x")
    return Catalog(services={"hello": service}, environments=environments, people={}, grants=(), registry=registry)


async def test_what_no_catalog_names_is_said_and_no_alarm(
    clouds: Clouds, place: Aws, identities: Identities, yard: Yard
) -> None:
    options: dict[str, Any] = {"freeze": "Deploy", "stage": "Deploy"}
    environment = replace(yard.environment, name="pipeline", options=options)
    account = Account(identities, clouds, doing(environment, Action(name="deploy", uses="codepipeline")))
    account.allow("pipeline", shipped("pipeline"))
    doubt = f"; {DOUBT}: logs:GetLogEvents on *"
    assert (await account.said("pipeline")).endswith(f" are there{doubt}")
    for which, policies, actions in without_one("pipeline"):
        account.allow("pipeline", policies)
        said = await account.said("pipeline")
        assert all(action in said for action in actions), which
        assert said.startswith("ok: ") == (
            which in {"pipeline: Approvals", "pipeline: BuildsBehindIt", "pipeline: LastLines"}
        )


async def test_ecs_and_values_of_a_buildspec_count_whatever_the_target(
    clouds: Clouds, place: Aws, identities: Identities, tasks: Tasks
) -> None:
    role = f"{ROLE}homolog"
    identities.trusted[role] = None
    identities.policies[role] = [shipped("production")["deploy"]]
    shipped_for_homolog = shipped("homolog")["deploy"]["Statement"]
    (ask,) = [each for each in shipped_for_homolog if each["Action"] == TO_ASK]
    identities.policies[role].append({"Version": "2012-10-17", "Statement": [ask]})
    options: dict[str, Any] = {"cluster": "other", "service": "hello"}
    values: dict[str, Any] = {"image": "x", "parameter_store": ["/hello/db"], "secrets_manager": ["hello/api"]}
    environment = Environment(name="homolog", target="docker", aws=replace(place, role=role))
    catalog = doing(
        environment,
        Action(name="deploy", uses="ecs", options=options),
        Action(name="build", uses="buildspec", options=values),
    )
    missing = names((await Account(identities, clouds, catalog).said("homolog")).split(f"; {DOUBT}")[0])
    assert missing == {
        *("ecs:UpdateService", "ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment"),
        *("ssm:GetParameters", "secretsmanager:GetSecretValue"),
    }


async def test_secrets_for_an_engine_are_read_and_those_for_ecs_only_described(
    clouds: Clouds, place: Aws, identities: Identities
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "aws.md").read_text()
    blocks = [each.split("```")[0].replace("us-east-1", REGION) for each in guide.split("```json\n")[1:]]
    (shown,) = [json.loads(each) for each in blocks if '"Statement"' in each]
    (ask,) = [each for each in shipped("homolog")["deploy"]["Statement"] if each["Action"] == TO_ASK]
    role = f"{ROLE}homolog"
    identities.trusted[role] = None
    identities.policies[role] = [shown, {"Version": "2012-10-17", "Statement": [ask]}]
    environment = Environment(name="homolog", target="docker", aws=replace(place, role=role))
    catalog = doing(environment, Action(name="deploy", uses="docker"))
    references = {"A": "parameter:/hello/db", "B": "secret:hello/api:key", "C": "variable:HELLO"}
    service = replace(catalog.services["hello"], secrets={"homolog": references})
    account = Account(identities, clouds, replace(catalog, services={"hello": service}))
    said = await account.said("homolog")
    assert said.startswith("ok: all "), said
    shown["Statement"] = [each for each in shown["Statement"] if each["Action"] == "ssm:DescribeParameters"]
    assert names(await account.said("homolog")) == {
        *("ssm:GetParameter", "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
    }
