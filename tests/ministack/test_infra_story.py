"""From chat, against ministack: what a service needs is planned, approved and made; then it is deployed to."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles.aws.server import SURROUNDINGS
from tests.ministack.cluster import Cluster
from tests.ministack.test_story import BOTH, DATABASE, Cloud, approved, digests, empty, in_the_cloud
from tests.stories.conftest import Make
from tests.stories.person import Person
from tests.stories.place import ROOT
from tests.stories.reading import words
from tests.stories.world import together

__all__ = ["empty"]

STACK, BUCKET = "pelican-production", "estiva-templates"
SHIPPED = (ROOT / "examples" / "aws" / "service.yml").read_text()
TEMPLATE = SHIPPED.replace("{ContainerPort: !Ref Port}", "{ContainerPort: 8000}") + "# more\n" * 8_000
"""As it is shipped, but too large for a call, and with a port of its own: ministack keeps a parameter's as text."""


def infra(cloud: Cloud) -> dict[str, Any]:
    """What the catalog says of it."""
    ec2 = cloud.cluster.emulator.client("ec2")
    parameters = {
        "Name": "pelican",
        "Images": "made-by-the-stack",  # those that a condition leaves out ministack lists all the same
        "MakesImages": "yes",
        "Cluster": "web",
        "Image": cloud.first,
        "Subnets": ec2.describe_subnets()["Subnets"][0]["SubnetId"],
        "SecurityGroups": ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"],
    }
    stack = {"stack": STACK, "template": "infra/service.yml", "parameters": parameters}
    stack |= {"image": "Image", "task": "Revision"}
    options = {"bucket": BUCKET, "stacks": [{**stack, "capabilities": ["CAPABILITY_NAMED_IAM"]}]}
    return {"production": {"uses": "cloudformation", "with": options}}


@pytest.mark.timeout(900)
async def test_what_was_made_from_chat_is_deployed_to(make_world: Make, empty: Cloud) -> None:
    cluster, emulator = empty.cluster, empty.cluster.emulator
    clouds, s3 = emulator.client("cloudformation"), emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": emulator.place.region})
    emulator.client("ssm").put_parameter(Name="/pelican/key", Value="hush", Type="SecureString")
    with make_world(**SURROUNDINGS) as world:
        more: dict[str, Any] = {"files": {"infra/service.yml": TEMPLATE}, "infra": infra(empty)}
        more |= {"options": {"base": "newest"}, "secrets": {"production": {"KEY": "parameter:/pelican/key"}}}
        more["env"] = dict.fromkeys(BOTH, DATABASE)
        source = in_the_cloud(world, empty, "infra-plan, infra-apply, resume, redeploy", **more)
        async with together(world, "dev", "release") as (ana, rui):
            looked = await ana.deploys("infra plan pelican in production")
            shown = words(await ana.reads(f"{looked}/stage/plan"))
            assert "add AWS::ECS::Service Service" in shown
            assert clouds.describe_stacks()["Stacks"] == []

            run = await ana.starts("infra apply pelican in production")
            question = words(await rui.reads(f"{run}/approval/approve-production", "Open until"))
            assert "pelican-production: add AWS::ECS::TaskDefinition Task" in question
            assert await approved(rui, run) == "succeeded"
            (kept,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
            assert kept["Size"] == len(TEMPLATE.encode()) > 51_200
            await cluster.until(lambda: cluster.runs("pelican") == [empty.first])

            await ana.deploys("deploy pelican to homolog")
            run = await ana.starts("deploy pelican to production")
            assert await approved(rui, run) == "succeeded"
            released = f"{empty.host}/pelican@{(await digests(world))['production']}"
            await cluster.until(lambda: cluster.runs("pelican") == [released])
            assert cluster.revisions("pelican") == ["pelican:1", "pelican:2"]
            begun, before = cluster.begun("pelican"), runs(cluster)
            assert (before.image, before.secrets) == (released, {"KEY"})
            assert {"DATABASE_URL", "ESTIVA_RUN", "ESTIVA_COMMIT", "ESTIVA_DIGEST"} <= set(before.variables)

            alarms = TEMPLATE.replace("Threshold: 85", "Threshold: 80")
            source.commit("Hear of it earlier", {"infra/service.yml": alarms})
            await applies(ana, rui, "change AWS::CloudWatch::Alarm HighCpu")
            assert runs(cluster) == before, "an alarm is nothing to a release"
            assert cluster.revisions("pelican") == ["pelican:1", "pelican:2"]

            source.commit("Give it more memory", {"infra/service.yml": alarms.replace("!Ref Memory", '"1024"')})
            await applies(ana, rui, "change AWS::ECS::TaskDefinition Task")
            assert (runs(cluster), cluster.begun("pelican")) == (before, begun)
            assert cluster.revisions("pelican") == ["pelican:1", "pelican:2", "pelican:3"]
            assert "memory: 512 becomes 1024" in (await ana.asks("plan pelican to production")).text

            assert await approved(rui, await ana.starts("redeploy pelican in production")) == "succeeded"
            after = runs(cluster)
            assert (before.memory, after.memory) == ("512", "1024")
            assert (after.image, after.secrets) == (released, {"KEY"}), "no old image comes back"
            assert set(after.variables) == set(before.variables)
            await cluster.until(lambda: cluster.runs("pelican") == [released])


@dataclass(frozen=True)
class Runs:
    """What the service runs."""

    revision: str
    memory: str
    image: str
    variables: dict[str, str]
    secrets: set[str]


def runs(cluster: Cluster) -> Runs:
    using = cluster.service("pelican")["taskDefinition"]
    made = cluster.ecs.describe_task_definition(taskDefinition=using)["taskDefinition"]
    (container,) = made["containerDefinitions"]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    secrets = {each["name"] for each in container["secrets"]}
    return Runs(made["taskDefinitionArn"], made["memory"], container["image"], variables, secrets)


async def applies(ana: Person, rui: Person, what: str) -> None:
    """Change the infrastructure, after a look at what would change."""
    run = await ana.starts("infra apply pelican in production")
    question = words(await rui.reads(f"{run}/approval/approve-production", "Open until"))
    assert f"pelican-production: {what}" in question
    assert await approved(rui, run) == "succeeded"
