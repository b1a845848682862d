"""The pipeline that is shipped, from chat as its guide says: made, built, deployed to homolog, approved for production.

Of examples/aws/pipeline the names of places are changed, and images are not scanned. CloudFormation, ECR, ECS, IAM and
SQS are ministack's; nothing builds there, so CodeBuild is the double, and so is STS, which asks for external ids.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.doubles.aws.builds import Builds, Script
from tests.doubles.aws.growing import GrowingLogs
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.ministack.cluster import Cluster
from tests.ministack.herald import heralding
from tests.ministack.test_story import approved
from tests.stories.conftest import Make
from tests.stories.person import Person
from tests.stories.place import ROOT
from tests.stories.reading import words
from tests.stories.sources import Source
from tests.stories.world import World, together

AWS = ROOT / "examples" / "aws"
ROLES = ("registry", "homolog", "production")
POLICIES = {"registry": ["registry"], "homolog": ["deploy", "infra", "build"], "production": ["deploy", "infra"]}


@dataclass(frozen=True)
class Account:
    """The account of the guide, after its second step."""

    cluster: Cluster
    double: Server
    builds: Builds

    @property
    def endpoints(self) -> str:
        ends = dict(self.cluster.emulator.place.endpoints) | dict.fromkeys(("sts", "codebuild"), self.double.url)
        return json.dumps(ends)


@pytest.fixture
def account(cluster: Cluster) -> Iterator[Account]:
    server = Server(speed=100)
    builds, identities = Builds(server, GrowingLogs(server)), Identities(server)
    builds.project("hello", Script())
    iam = cluster.emulator.client("iam")
    trust = (AWS / "trust-policy.json").read_text()
    for name in ROLES:
        identities.trusted[f"arn:aws:iam::{ACCOUNT}:role/estiva-{name}"] = f"estiva-{name}"
        iam.create_role(RoleName=f"estiva-{name}", AssumeRolePolicyDocument=trust.replace("production", name))
        for policy in POLICIES[name]:
            document = placed((AWS / f"{policy}-policy.json").read_text()).replace("production", name)
            iam.put_role_policy(RoleName=f"estiva-{name}", PolicyName=policy, PolicyDocument=document)
    trust = (AWS / "cloudformation-trust-policy.json").read_text()
    iam.create_role(RoleName="cloudformation", AssumeRolePolicyDocument=trust)
    document = (AWS / "cloudformation-policy.json").read_text()
    iam.put_role_policy(RoleName="cloudformation", PolicyName="make", PolicyDocument=document)
    with serving(server):
        yield Account(cluster, server, builds)


def placed(text: str) -> str:
    """Put the region in, as the guide does with `sed`."""
    return text.replace("us-east-1", REGION)


def catalog(account: Account, source: Source) -> str:
    """The shipped catalog, in the place of the story: one cluster, and the people of the workspace."""
    emulator = account.cluster.emulator
    ec2 = emulator.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    text = (AWS / "pipeline" / "catalog.yml").read_text()
    for shipped, here in {
        "  ecr:\n": f"  host: {emulator.host}\n  ecr:\n",
        "    block: critical\n": "",  # it scans nothing
        f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com": emulator.host,
        "https://sqs.us-east-1.amazonaws.com": emulator.url,
        "us-east-1\n": f"{REGION}\n      endpoints: {account.endpoints}\n",
        "    repository: https://git.example.com/team/hello.git": f"    repository: {source.path}",
        "luster: homolog": "luster: web",
        "luster: production": "luster: web",
        "subnet-0a1b2c3d,subnet-1a2b3c4d": ",".join(subnets[:2]),
        "subnet-2a3b4c5d,subnet-3a4b5c6d": ",".join(subnets[1:3]),
        "sg-0a1b2c3d": group,
        "sg-1a2b3c4d": group,
        "U0ANA0001": "UANADEV01",
        "U0RUI0002": "URUIREL01",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text


def repository(world: World) -> Source:
    """What the guide puts into the repository; but ministack keeps the port as text when a parameter says it."""
    templates = {f"infra/{name}.yml": (AWS / f"{name}.yml").read_text() for name in ("build", "events", "service")}
    templates["infra/service.yml"] = templates["infra/service.yml"].replace("!Ref Port}", "8000}")
    files = {"buildspec.yml": (AWS / "pipeline" / "buildspec.yml").read_text(), **templates}
    return Source(world.root / "repos" / "hello-of-the-guide", "I am hello", files)


async def made(ana: Person, rui: Person) -> None:
    """Make all infrastructure: homolog's is looked at and resumed, production's is approved."""
    run = await ana.starts("infra apply homolog")
    await ana.clicks(await ana.reads(f"{run}/card", "Paused", 60), "Resume")
    assert await ana.run_ends(run) == "succeeded"
    run = await ana.starts("infra apply production")
    assert await approved(rui, run) == "succeeded"


@pytest.mark.timeout(900)
async def test_from_an_empty_account_to_a_release_in_production(make_world: Make, account: Account) -> None:
    cluster = account.cluster
    with make_world(**SURROUNDINGS) as world:
        world.write_catalog(catalog(account, repository(world)))
        async with together(world, "dev", "release") as (ana, rui):
            looked = await ana.deploys("infra plan homolog")
            shown = words(await ana.reads(f"{looked}/stage/plan"))
            for what in ("AWS::SQS::Queue Queue", "AWS::CodeBuild::Project Project", "AWS::ECS::Service Service"):
                assert f"add {what}" in shown
            await made(ana, rui)
            assert cluster.repositories() == ["hello"], "by homolog's stack alone"

            digest = cluster.image("one", "hello")
            account.builds.scripts["hello"] = [Script(exported={"IMAGE_DIGEST": digest})]
            with heralding(cluster, "hello-homolog", "hello-production", queue_name="estiva-ecs"):
                await ana.deploys("deploy hello to homolog")
                image = f"{cluster.emulator.host}/hello@{digest}"
                await cluster.until(lambda: cluster.runs("hello-homolog") == [image])
                assert image not in cluster.runs("hello-production")
                assert await approved(rui, await ana.starts("deploy hello to production")) == "succeeded"
                await cluster.until(lambda: cluster.runs("hello-production") == [image])
            assert len(account.builds.built) == 1, "production got the very image of homolog"
            assert account.double.wrong == []
