"""`estiva doctor` on AWS: the account as it would be entered, and every permission that is missing."""

from dataclasses import replace

import pytest

from runners.aws.checkup import checkup
from runners.aws.session import Clouds
from runners.findings import Finding
from storage.model.catalog import Action, Catalog, Environment, Json, Pipeline, Registry, Service, Stage
from storage.model.cloud import Aws, Ecr
from tests.aws.fleet import Fleet
from tests.aws.workshop import Workshop
from tests.aws.yard import Yard
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, KEY, REGION, Server

ARN, AT = "arn:aws", f"{REGION}:{ACCOUNT}"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/ends"


def catalog(place: Aws, environment: Environment | None = None) -> Catalog:
    if environment is None:
        registry = Registry(host="x", ecr=Ecr(aws=place))
        services = {"hello": Service(name="hello", repository="unused", image="x/team/hello")}
        return Catalog(services=services, environments={}, people={}, grants=(), registry=registry)
    deploy = Stage(name="deploy", environment=environment.name, actions=(Action(name="deploy", uses="ecs"),))
    services = {
        name: Service(name=name, repository="unused", image=f"x/{name}", stages=stages)
        for name, stages in (("hello", (deploy,)), ("ghost", (deploy,)), ("elsewhere", ()))
    }
    places = {environment.name: environment}
    return Catalog(services=services, environments=places, people={}, grants=(), registry=Registry(host="x"))


async def found(clouds: Clouds, place: Aws) -> list[Finding]:
    return [finding async for finding in checkup(catalog(place), clouds)]


async def test_all_is_well(clouds: Clouds, place: Aws) -> None:
    account, permissions = await found(clouds, place)
    assert account.ok
    assert account.found == f"arn:aws:iam::{ACCOUNT}:user/estiva in {place.region}"
    assert permissions.ok
    assert permissions.found == "all 19 are there"


async def test_infrastructure_needs_permissions_of_its_own(clouds: Clouds, place: Aws, server: Server) -> None:
    environment = Environment(name="production", aws=place)
    stack: dict[str, Json] = {"stack": "hello", "template": "infra.yml", "role": f"arn:aws:iam::{ACCOUNT}:role/maker"}
    made_by = {"production": Action(name="infra", uses="cloudformation", options={"stacks": [stack]})}
    service = Service(name="hello", repository="unused", image="hello", infra=made_by)
    known = replace(catalog(place, environment), services={"hello": service})
    server.denied |= {"cloudformation:ExecuteChangeSet", "iam:PassRole"}
    _, permissions = [finding async for finding in checkup(known, clouds)]
    assert permissions.found == (
        f"missing: cloudformation:ExecuteChangeSet on {ARN}:cloudformation:{AT}:stack/hello/estiva-doctor; "
        f"iam:PassRole on {ARN}:iam::{ACCOUNT}:role/maker"
    )


async def test_names_each_missing_permission(
    clouds: Clouds, place: Aws, server: Server, identities: Identities
) -> None:
    server.denied |= {"ecr:PutImage", "ecr:CreateRepository"}
    role = f"arn:aws:iam::{ACCOUNT}:role/estiva"
    identities.trusted[role] = None
    for where in (place, replace(place, role=role)):
        _, permissions = await found(clouds, where)
        assert (
            permissions.found == f"missing: ecr:CreateRepository, ecr:PutImage on {ARN}:ecr:{AT}:repository/team/hello"
        )
        assert (where.role or "user/estiva") in permissions.mend


async def test_looks_whether_the_services_of_an_environment_are_there(
    clouds: Clouds, place: Aws, fleet: Fleet, server: Server
) -> None:
    server.denied.add("iam:PassRole")
    known = catalog(place, fleet.environment)
    account, permissions, hello, ghost = [finding async for finding in checkup(known, clouds)]
    assert account.what == "aws for production"
    said, doubt = permissions.found.split("; cannot be told, nothing names yet what it is for: ")
    roles = f"{ARN}:iam::{ACCOUNT}:role/"
    assert said == f"missing: iam:PassRole on {roles}estiva-tasks, {roles}estiva-execution"
    assert doubt == "iam:PassRole on *", "nothing says the roles of a service that is not there"
    assert (hello.ok, hello.found) == (True, "web/hello runs hello:1")
    assert "there is no active ECS service web/ghost" in ghost.found
    assert ghost.mend


async def test_looks_for_the_services_that_actions_name_in_any_pipeline(
    clouds: Clouds, place: Aws, fleet: Fleet, server: Server
) -> None:
    fleet.tasks.serve("hello-prod", fleet.definition)
    server.denied.add("sqs:ReceiveMessage")
    deploy = Action(name="deploy", uses="ecs", options={"service": "hello-prod", "events": QUEUE})
    stage = Stage(name="deploy", environment="production", actions=(deploy,))
    ways = {"default": Pipeline(name="default", stages=()), "hotfix": Pipeline(name="hotfix", stages=(stage, stage))}
    service = Service(name="hello", repository="unused", image="x/hello", pipelines=ways)
    known = replace(catalog(place, fleet.environment), services={"hello": service})
    _, permissions, hello = [finding async for finding in checkup(known, clouds)]
    assert hello.found == "web/hello-prod runs hello:1"
    assert permissions.found == f"missing: sqs:ReceiveMessage on {ARN}:sqs:{AT}:ends"


async def test_looks_whether_the_projects_of_an_environment_are_there(
    clouds: Clouds, place: Aws, workshop: Workshop, server: Server
) -> None:
    server.denied.add("codebuild:StartBuild")
    actions = [
        Action(name=name, uses="codebuild", options={"project": name, "fetch": True}) for name in ("hello", "ghost")
    ]
    build = Stage(name="build", environment="homolog", actions=tuple(actions))
    service = Service(name="hello", repository="unused", image="x/hello", stages=(build,))
    known = Catalog(
        services={"hello": service},
        environments={"homolog": workshop.environment},
        people={},
        grants=(),
        registry=Registry(host="x"),
    )
    account, permissions, ghost, hello = [finding async for finding in checkup(known, clouds)]
    assert account.what == "aws for homolog"
    assert (
        permissions.found
        == f"missing: codebuild:StartBuild on {ARN}:codebuild:{AT}:project/ghost, {ARN}:codebuild:{AT}:project/hello"
    )
    assert (hello.ok, hello.found) == (True, "builds from GITHUB")
    assert "there is no CodeBuild project ghost" in ghost.found
    assert ghost.mend


async def test_looks_whether_the_pipelines_of_an_environment_are_there(
    clouds: Clouds, place: Aws, yard: Yard, server: Server
) -> None:
    server.denied.add("codepipeline:DisableStageTransition")
    environment = replace(yard.environment, aws=place, options={"freeze": "Deploy"})
    deploy = Stage(name="deploy", environment="production", actions=(Action(name="deploy", uses="codepipeline"),))
    services = {
        name: Service(name=name, repository="unused", image="x/x", stages=(deploy,)) for name in ("hello", "ghost")
    }
    known = replace(catalog(place), services=services, environments={"production": environment})
    known = replace(known, registry=Registry(host="x"))
    account, permissions, ghost, hello = [finding async for finding in checkup(known, clouds)]
    assert account.ok
    assert permissions.found == (
        "missing: codepipeline:DisableStageTransition on "
        f"{ARN}:codepipeline:{AT}:hello/Deploy, {ARN}:codepipeline:{AT}:ghost/Deploy"
    )
    assert "there is no pipeline ghost" in ghost.found
    assert (hello.ok, hello.found) == (True, "its stages are Source, Deploy")


async def test_says_that_it_may_not_look_and_what_would_mend_it(clouds: Clouds, place: Aws, server: Server) -> None:
    server.denied.add("iam:SimulatePrincipalPolicy")
    _, permissions = await found(clouds, place)
    assert not permissions.ok
    assert permissions.found.startswith(
        "could not be looked at, iam:SimulatePrincipalPolicy is missing; needed are ecr:"
    )
    who = f"{ARN}:iam::{ACCOUNT}:user/estiva"
    assert permissions.mend.startswith(f"allow iam:SimulatePrincipalPolicy on {who} to {who}, ")


async def test_an_account_that_cannot_be_entered_is_one_finding(clouds: Clouds, place: Aws, server: Server) -> None:
    server.expired.add(KEY)
    (finding,) = await found(clouds, place)
    assert "expired" in finding.found
    assert "renew" in finding.mend


@pytest.mark.parametrize("wrong", ["999988887777"])
async def test_another_account_is_one_finding(clouds: Clouds, place: Aws, wrong: str) -> None:
    (finding,) = await found(clouds, replace(place, account=wrong))
    assert f"the catalog says {wrong}" in finding.found
