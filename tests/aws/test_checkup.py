"""`estiva doctor` on AWS: the account as it would be entered, and every permission that is missing."""

from dataclasses import replace

import pytest

from runners.aws.checkup import checkup
from runners.aws.session import Clouds
from runners.findings import Finding
from storage.model.catalog import Action, Catalog, Environment, Pipeline, Registry, Service, Stage
from storage.model.cloud import Aws, Ecr
from tests.aws.fleet import Fleet
from tests.aws.workshop import Workshop
from tests.aws.yard import Yard
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, KEY, Server


def catalog(place: Aws, environment: Environment | None = None) -> Catalog:
    if environment is None:
        registry = Registry(host="x", ecr=Ecr(aws=place))
        return Catalog(services={}, environments={}, people={}, grants=(), registry=registry)
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
    assert permissions.found == "all 16 are there"


async def test_infrastructure_needs_permissions_of_its_own(clouds: Clouds, place: Aws, server: Server) -> None:
    environment = Environment(name="production", aws=place)
    made_by = {"production": Action(name="infra", uses="cloudformation")}
    service = Service(name="hello", repository="unused", image="hello", infra=made_by)
    known = replace(catalog(place, environment), services={"hello": service})
    server.denied.add("cloudformation:ExecuteChangeSet")
    _, permissions = [finding async for finding in checkup(known, clouds)]
    assert permissions.found == "missing: cloudformation:ExecuteChangeSet"


async def test_names_each_missing_permission(
    clouds: Clouds, place: Aws, server: Server, identities: Identities
) -> None:
    server.denied |= {"ecr:PutImage", "ecr:CreateRepository"}
    role = f"arn:aws:iam::{ACCOUNT}:role/estiva"
    identities.trusted[role] = None
    for where in (place, replace(place, role=role)):
        _, permissions = await found(clouds, where)
        assert permissions.found == "missing: ecr:CreateRepository, ecr:PutImage"
        assert (where.role or "user/estiva") in permissions.mend


async def test_looks_whether_the_services_of_an_environment_are_there(
    clouds: Clouds, place: Aws, fleet: Fleet, server: Server
) -> None:
    server.denied.add("iam:PassRole")
    known = catalog(place, fleet.environment)
    account, permissions, hello, ghost = [finding async for finding in checkup(known, clouds)]
    assert account.what == "aws for production"
    assert permissions.found == "missing: iam:PassRole"
    assert (hello.ok, hello.found) == (True, "web/hello runs hello:1")
    assert "there is no active ECS service web/ghost" in ghost.found
    assert ghost.mend


async def test_looks_for_the_services_that_actions_name_in_any_pipeline(
    clouds: Clouds, place: Aws, fleet: Fleet, server: Server
) -> None:
    fleet.tasks.serve("hello-prod", fleet.definition)
    server.denied.add("sqs:ReceiveMessage")
    deploy = Action(name="deploy", uses="ecs", options={"service": "hello-prod", "events": "https://queue"})
    stage = Stage(name="deploy", environment="production", actions=(deploy,))
    ways = {"default": Pipeline(name="default", stages=()), "hotfix": Pipeline(name="hotfix", stages=(stage, stage))}
    service = Service(name="hello", repository="unused", image="x/hello", pipelines=ways)
    known = replace(catalog(place, fleet.environment), services={"hello": service})
    _, permissions, hello = [finding async for finding in checkup(known, clouds)]
    assert hello.found == "web/hello-prod runs hello:1"
    assert permissions.found == "missing: sqs:ReceiveMessage"


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
    assert permissions.found == "missing: codebuild:StartBuild"
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
    assert permissions.found == "missing: codepipeline:DisableStageTransition"
    assert "there is no pipeline ghost" in ghost.found
    assert (hello.ok, hello.found) == (True, "its stages are Source, Deploy")


async def test_says_what_it_cannot_find_out(clouds: Clouds, place: Aws, server: Server) -> None:
    server.denied.add("iam:SimulatePrincipalPolicy")
    _, permissions = await found(clouds, place)
    assert permissions.found.startswith("cannot be found out without iam:SimulatePrincipalPolicy: ecr:GetAuth")
    assert permissions.ok


async def test_an_account_that_cannot_be_entered_is_one_finding(clouds: Clouds, place: Aws, server: Server) -> None:
    server.expired.add(KEY)
    (finding,) = await found(clouds, place)
    assert "expired" in finding.found
    assert "renew" in finding.mend


@pytest.mark.parametrize("wrong", ["999988887777"])
async def test_another_account_is_one_finding(clouds: Clouds, place: Aws, wrong: str) -> None:
    (finding,) = await found(clouds, replace(place, account=wrong))
    assert f"the catalog says {wrong}" in finding.found
