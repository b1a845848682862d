"""From chat, against ministack: homolog on Docker, production on its ECS; approval, a release that fails, and back."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from storage.model.cloud import Aws
from tests.doubles.aws.server import ACCOUNT, SURROUNDINGS
from tests.ministack.cluster import LOGS, Cluster
from tests.ministack.herald import heralding
from tests.stories.conftest import Make
from tests.stories.person import Person
from tests.stories.reading import words
from tests.stories.sources import Source
from tests.stories.world import World, together

MIGRATE = {"name": "migrate", "command": ["echo", "the tables are moved"]}
DOCKERFILE = """\
FROM estiva/busybox:base
COPY service.sh /bin/service
RUN mkdir /www && echo ok > /www/healthz && echo 'I am pelican' > /www/index.html
CMD ["sh", "/bin/service"]
"""
SERVE = """\
trap 'exit 0' TERM
echo listening on port 8000
httpd -f -p 8000 -h /www &
wait
"""
DATABASE = {"DATABASE_URL": "postgresql://db/pelican"}
ONE, BOTH = ("homolog",), ("homolog", "production")
NEED = """\
if [ -z "$DATABASE_URL" ]; then
  echo "KeyError: 'DATABASE_URL'" >&2
  exit 3
fi
"""


@dataclass(frozen=True)
class Cloud:
    """The AWS of the story: `pelican` runs in it already, on an image of somebody else."""

    cluster: Cluster
    queue: str
    role: str
    first: str

    @property
    def host(self) -> str:
        return self.cluster.emulator.host

    def place(self, role: str = "") -> str:
        """The account, as a catalog has it."""
        aws: Aws = self.cluster.emulator.place
        given = {"account": aws.account, "region": aws.region, "endpoints": dict(aws.endpoints)}
        return json.dumps({**given, **({"role": role} if role else {})})


@pytest.fixture
def empty(cluster: Cluster) -> Cloud:
    """The AWS of a story in which nothing runs yet, and nothing is heard of."""
    emulator = cluster.emulator
    first = f"{emulator.host}/first@{cluster.image('first', 'first')}"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = emulator.client("iam").create_role(RoleName="estiva-production", AssumeRolePolicyDocument=document)
    return Cloud(cluster, "", role["Role"]["Arn"], first)


@pytest.fixture
def cloud(empty: Cloud) -> Iterator[Cloud]:
    empty.cluster.serve("pelican", empty.first)
    with heralding(empty.cluster, "pelican") as queue:
        yield replace(empty, queue=queue)


def in_the_cloud(world: World, cloud: Cloud, may: str = "rollback", **more: Any) -> Source:
    """Let production be on ECS and the images in ECR; gives the source of a service that goes there.

    `may`: what Ana may do there besides; `more`: `files`, `options` of production, and keys of the service's entry.
    """
    heard = {"events": cloud.queue} if cloud.queue else {}
    options = json.dumps({"cluster": "web", **heard, "before": {"pelican": [MIGRATE]}, **more.pop("options", {})})
    registry = f"registry: {{host: '{cloud.host}', ecr: {{aws: {cloud.place()}, keep: 100}}}}\n\n"
    text = re.sub(r"registry:\n(?:  .*\n)+\n", registry, world.catalog.read_text(), count=1)
    before, production, after = text.partition("promotes_from: homolog")
    there = f"target: ecs\n    options: {options}\n    aws: {cloud.place(cloud.role)}"
    after = after.replace("target: docker", there, 1)
    grant = f"  - {{who: [UANADEV01], may: [{may}], in: [production]}}\n"
    world.write_catalog(before + production + after.replace("\npolicy:\n", f"\npolicy:\n{grant}", 1))
    files = {"Dockerfile": DOCKERFILE, "service.sh": SERVE, **more.pop("files", {})}
    given = {"image": f"{cloud.host}/pelican", "env": dict.fromkeys(ONE, DATABASE), **more}
    return world.service("pelican", files, **given)


@pytest.mark.timeout(900)
async def test_homolog_on_docker_and_production_on_ecs(make_world: Make, cloud: Cloud) -> None:
    cluster = cloud.cluster
    with make_world(**SURROUNDINGS) as world:
        source = in_the_cloud(world, cloud)
        async with together(world, "dev", "release") as (ana, rui):
            await ana.deploys("deploy pelican to homolog")
            assert (await world.answers("pelican.homolog")).strip() == "I am pelican"
            tested = (await digests(world))["homolog"]
            (pushed,) = cluster.ecr.describe_images(repositoryName="pelican")["imageDetails"]
            assert pushed["imageDigest"] == tested
            assert cluster.runs("pelican") == [cloud.first]

            run = await ana.starts("deploy pelican to production")
            question = await rui.reads(f"{run}/approval/approve-production", "Open until")
            await ana.clicks(question, "Approve")
            await ana.sees("You may not decide on releases to production")
            assert await approved(rui, run) == "succeeded"
            await cluster.until(lambda: cluster.runs("pelican") == [f"{cloud.host}/pelican@{tested}"])
            assert cluster.answers("pelican").strip() == "I am pelican"
            good = cluster.service("pelican")["taskDefinition"]
            assert "listening on port 8000" in (await ana.asks("logs pelican in production since 10m")).text
            assert "the tables are moved" in logged(cluster), "before the release"

            source.commit("Need a database", {"service.sh": NEED + SERVE})
            await ana.deploys("deploy pelican to homolog")
            run = await ana.starts("deploy pelican to production")
            assert await approved(rui, run) == "failed"
            said = words(await ana.reads(f"{run}/failure/deploy-production/deploy"))
            assert "pelican ended with exit code 3" in said
            assert "ECS deployment circuit breaker was triggered" in said
            assert "KeyError: 'DATABASE_URL'" in said
            assert cluster.service("pelican")["taskDefinition"] == good, "ECS went back, and that is no success"
            # it lists what failed for ever, so that the SDK's own waiter never ends any more; Estiva's look does
            assert "FAILED" in {each["rolloutState"] for each in cluster.service("pelican")["deployments"]}

            only_homolog, both = (json.dumps(dict.fromkeys(names, DATABASE)) for names in (ONE, BOTH))
            world.write_catalog(world.catalog.read_text().replace(only_homolog, both, 1))
            assert await approved(rui, await ana.starts("deploy pelican to production")) == "succeeded"
            needs = (await digests(world))["production"]
            assert needs != tested
            await cluster.until(lambda: cluster.runs("pelican") == [f"{cloud.host}/pelican@{needs}"])

            registered = cluster.revisions("pelican")
            assert await approved(rui, await ana.starts("rollback pelican in production")) == "succeeded"
            await cluster.until(lambda: cluster.runs("pelican") == [f"{cloud.host}/pelican@{tested}"])
            assert cluster.service("pelican")["taskDefinition"] == good
            assert cluster.revisions("pelican") == registered, "the very revision that ran before"


async def approved(rui: Person, run: str) -> str:
    """Let Rui press the button for a release to production; gives how it ended."""
    await rui.clicks(await rui.reads(f"{run}/approval/approve-production", "Open until"), "Approve")
    return await rui.run_ends(run)


def logged(cluster: Cluster) -> str:
    """All that its tasks wrote to CloudWatch."""
    found = cluster.logs.filter_log_events(logGroupName=LOGS)["events"]
    return "\n".join(event["message"] for event in found)


async def digests(world: World) -> dict[str, str]:
    """What was released last, by environment."""
    facts = [row for row in await world.facts() if row["kind"] == "released"]
    return {row["data"]["environment"]: row["data"]["digest"] for row in facts}
