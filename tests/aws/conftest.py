"""An AWS of the tests' own: no test here ever asks the real one."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runners.aws.codebuild.made import Collector
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.aws.ecs.runner import EcsRunner
from runners.aws.infra.runner import CloudFormationRunner
from runners.aws.session import Account, Clouds, Visitor
from storage.model.catalog import Environment
from storage.model.cloud import Aws
from tests.aws.estate import Estate
from tests.aws.fleet import Fleet
from tests.aws.images import put
from tests.aws.workshop import Workshop
from tests.aws.yard import Yard
from tests.doubles.aws.batches import Batches
from tests.doubles.aws.builds import Builds
from tests.doubles.aws.front import Front, fronting
from tests.doubles.aws.growing import GrowingLogs
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.objects import Objects
from tests.doubles.aws.pipelines import Pipelines
from tests.doubles.aws.repositories import Repositories
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.doubles.aws.stacks import Stacks
from tests.doubles.aws.tasks import Tasks
from tests.registry import PASSWORD, USER, Registry
from tests.runners.conftest import bench, containers, engine, namespace, notes, registry

__all__ = ["bench", "containers", "engine", "namespace", "notes", "registry"]

ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-production"


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of the double, and nothing of this machine's own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server


@pytest.fixture
def identities(server: Server) -> Identities:
    return Identities(server)


@pytest.fixture
def place(server: Server, identities: Identities) -> Aws:
    return Aws(account=ACCOUNT, region=REGION, endpoints=server.endpoints)


@pytest.fixture
async def account(clouds: Clouds, place: Aws) -> Account:
    """The account of the double, entered by somebody."""
    return await clouds.enter(place, Visitor(name="bob"))


@pytest.fixture(scope="session")
def clouds() -> Iterator[Clouds]:
    """One for all: it reads the SDK's models once. Accounts are apart by their endpoints."""
    clouds = Clouds()
    yield clouds
    clouds.close()


@pytest.fixture
def front(registry: Registry) -> Iterator[Front]:
    with fronting(Front(registry.host)) as front:
        yield front


@pytest.fixture
def repositories(server: Server, front: Front) -> Repositories:
    front.repositories = Repositories(server, user=USER, password=PASSWORD, host=front.host)
    return front.repositories


@pytest.fixture
def tasks(server: Server) -> Tasks:
    return Tasks(server)


@pytest.fixture
def rest(server: Server) -> Rest:
    return Rest(server)


@pytest.fixture
def estate(server: Server, clouds: Clouds, place: Aws, tmp_path: Path) -> Estate:
    return Estate(
        server=server,
        stacks=Stacks(server, Objects(server)),
        runner=CloudFormationRunner(clouds, pace=1 / server.clock.speed),
        environment=Environment(name="production", target="ecs", aws=place),
        root=tmp_path,
    )


@pytest.fixture
def fleet(
    server: Server,
    tasks: Tasks,
    rest: Rest,
    registry: Registry,
    clouds: Clouds,
    place: Aws,
    tmp_path: Path,
) -> Fleet:
    name = f"fleet-{uuid.uuid4().hex[:6]}"
    environment = Environment(name="production", target="ecs", aws=place, options={"cluster": "web"})
    return Fleet(
        server=server,
        tasks=tasks,
        registry=registry,
        runner=EcsRunner(clouds, registry.environ, pace=1 / server.clock.speed),
        environment=environment,
        root=tmp_path,
        image=f"{registry.host}/{name}",
        old=put(registry, name, "old", tag="old"),
    )


@pytest.fixture
def builds(server: Server) -> Builds:
    return Builds(server, GrowingLogs(server))


@pytest.fixture
def workshop(
    server: Server, builds: Builds, registry: Registry, clouds: Clouds, place: Aws, tmp_path: Path
) -> Workshop:
    builds.project("hello")
    return Workshop(
        server=server,
        builds=builds,
        batches=Batches(server, builds),
        objects=Objects(server),
        registry=registry,
        runner=CodeBuildRunner(clouds, Collector(registry.environ), pace=1 / server.clock.speed),
        environment=Environment(name="homolog", aws=place),
        root=tmp_path,
    )


@pytest.fixture
def yard(server: Server, identities: Identities, builds: Builds, clouds: Clouds, place: Aws, tmp_path: Path) -> Yard:
    identities.trusted[ROLE] = None
    yard = Yard(
        server=server,
        builds=builds,
        pipelines=Pipelines(server),
        runner=CodePipelineRunner(clouds, pace=1 / server.clock.speed),
        environment=Environment(name="production", target="codepipeline", aws=replace(place, role=ROLE)),
        root=tmp_path,
    )
    yard.pipeline()
    return yard
