"""Homolog on Docker and production on ECS in one pipeline, images in ECR: real images, and a strict double of AWS."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doubles.aws.front import Front, fronting
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.repositories import Repositories
from tests.doubles.aws.rest import Rest
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.doubles.aws.tasks import EXITS, Behaviour, Service, Tasks
from tests.registry import PASSWORD, USER, Registry
from tests.stories.conftest import Make
from tests.stories.person import Person
from tests.stories.reading import words
from tests.stories.sources import Source, page
from tests.stories.world import World, together

OPTIONS = "{cluster: web, strategy: {type: blue_green, bake: 0, pauses: [post_test_traffic_shift]}}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-production"


@dataclass(frozen=True)
class Cloud:
    """The AWS of the story, and the service in it."""

    server: Server
    front: Front
    repositories: Repositories
    tasks: Tasks
    service: Service
    rest: Rest

    def image(self) -> str:
        """What runs."""
        definition = self.tasks.definitions[self.service.primary.task_definition]
        return str(definition["containerDefinitions"][0]["image"])


@pytest.fixture
def cloud(registry: Registry) -> Iterator[Cloud]:
    server, front = Server(speed=1), Front(registry.host)
    front.repositories = Repositories(server, user=USER, password=PASSWORD, host=front.host)
    tasks, identities, rest = Tasks(server), Identities(server), Rest(server)
    rest.versions["/pelican/db"] = 7
    identities.trusted[ROLE] = "estiva-production"
    tasks.behaviours["pelican"] = Behaviour(steady=2)
    options = {"awslogs-group": "/ecs/hello", "awslogs-region": REGION, "awslogs-stream-prefix": "app"}
    container = {
        "name": "pelican",
        "image": f"{front.host}/pelican@sha256:{'0' * 64}",
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    shifted = {"alternateTargetGroupArn": "arn:green", "productionListenerRule": "arn:rule"}
    balanced = {"loadBalancers": [{"targetGroupArn": "arn:blue", "advancedConfiguration": shifted}]}
    service = tasks.serve("pelican", tasks.define("pelican", [container]), cluster="web", more=balanced)
    tasks.behaviours["pelican"] = Behaviour(starts=0.2, steady=1, stage=0.1)
    with serving(server), fronting(front):
        yield Cloud(server, front, front.repositories, tasks, service, rest)


def in_the_cloud(world: World, cloud: Cloud) -> Source:
    """Let production be on ECS and the images in ECR; gives the source of a service that goes there."""
    ends = ", ".join(f'{name}: "{url}"' for name, url in cloud.server.endpoints.items())
    place = f'account: "{ACCOUNT}", region: {REGION}, endpoints: {{{ends}}}'
    aws = f"aws: {{{place}, role: '{ROLE}', external_id: estiva-production}}"
    text = world.catalog.read_text()
    registry = f"registry: {{host: '{cloud.front.host}', ecr: {{aws: {{{place}}}, keep: 100}}}}\n\n"
    text = re.sub(r"registry:\n(?:  .*\n)+\n", registry, text, count=1)
    before, production, after = text.partition("promotes_from: homolog")
    after = after.replace("target: docker", f"target: ecs\n    options: {OPTIONS}\n    {aws}", 1)
    may = "  - {who: [UANADEV01], may: [retry, rollback], in: [homolog, production]}\n"
    world.write_catalog(before + production + after.replace("\npolicy:\n", f"\npolicy:\n{may}", 1))
    secrets = {"production": {"DATABASE_URL": "parameter:/pelican/db"}}
    return world.service("pelican", image=f"{cloud.front.host}/pelican", secrets=secrets)


async def released(ana: Person, rui: Person, text: str, *, half_way: str = "Approve") -> tuple[str, str]:
    """Ask for a release to production, which Rui approves; gives the run and how it ended.

    Half-way, with the new tasks tested and no traffic on them yet, Rui is asked again.
    """
    run = await ana.starts(text)
    await rui.clicks(await rui.reads(f"{run}/approval/approve-production", "Open until"), "Approve")
    if half_way:
        await rui.clicks(await rui.until(lambda: paused(rui, run)), half_way)
    return run, await ana.run_ends(run)


def paused(person: Person, run: str) -> dict[str, Any] | None:
    """The question that a deployment asks at a pause."""
    asked = (each for each in person.about(run) if "waits at POST_TEST_TRAFFIC_SHIFT" in words(each))
    return next((each for each in asked if "Open until" in words(each)), None)


async def test_production_is_on_ecs_and_homolog_on_docker(make_world: Make, cloud: Cloud) -> None:
    with make_world(**SURROUNDINGS) as world:
        source = in_the_cloud(world, cloud)
        async with together(world, "dev", "release") as (ana, rui):
            await ana.deploys("deploy pelican to homolog")
            assert (await world.answers("pelican.homolog")).strip() == "I am pelican"
            assert cloud.repositories.known["pelican"]["imageTagMutability"] == "IMMUTABLE"
            planned = (await ana.asks("plan pelican to production")).text
            assert f"pelican: image {cloud.front.host}/pelican@sha256:{'0' * 64} becomes" in planned
            first, status = await released(ana, rui, "deploy pelican to production")
            assert status == "succeeded"
            digest = (await digests(world))["homolog"]
            assert cloud.image() == f"{cloud.front.host}/pelican@{digest}"
            assert f"arn:aws:sts::{ACCOUNT}:assumed-role/estiva-production/{first}" in {
                who.arn for who in cloud.server.keys.values()
            }
            good = cloud.service.primary.task_definition
            (container,) = cloud.tasks.definitions[good]["containerDefinitions"]
            assert container["secrets"][0]["valueFrom"].endswith(":parameter/pelican/db")
            assert "secret" in words((await ana.asks("env pelican in production")).message)

            source.commit("Need a database", {"service.py": page("broken there")})
            await ana.deploys("deploy pelican to homolog")
            bad = (await digests(world))["homolog"]
            usual = dict(cloud.tasks.behaviours)
            cloud.tasks.behaviours.clear()
            fails = Behaviour(starts=0.2, fails=EXITS, log=("KeyError: 'DATABASE_URL'",))
            cloud.tasks.behaviours.update({bad: fails, **usual})
            run, status = await released(ana, rui, "deploy pelican to production", half_way="")
            assert status == "failed"
            said = words(await ana.reads(f"{run}/failure/deploy-production/deploy"))
            assert "pelican ended with exit code 3" in said
            assert "KeyError: 'DATABASE_URL'" in said
            assert cloud.service.primary.task_definition == good, "ECS went back, and that is no success"

            del cloud.tasks.behaviours[bad]
            run = await configured_meanwhile(ana, rui, world, cloud, run)
            assert (await released(ana, rui, f"retry {run}"))[1] == "succeeded"
            (one, other) = [await subject(world, each) for each in (run, (await world.facts())[-1]["run"])]
            assert one != other, "what was approved is another configuration"
            assert cloud.image().endswith(bad)
            registered = cloud.server.count("RegisterTaskDefinition")
            rollback = await ana.starts("rollback pelican in production")
            await rui.clicks(await rui.reads(f"{rollback}/approval/approve-production", "Open until"), "Approve")
            assert await ana.run_ends(rollback) == "succeeded"
            assert cloud.service.primary.task_definition == good
            assert cloud.server.count("RegisterTaskDefinition") == registered, "the very revision that ran before"


async def configured_meanwhile(ana: Person, rui: Person, world: World, cloud: Cloud, failed: str) -> str:
    """Retry, with a parameter that changes before Rui approves: that is not what was planned, and so not released."""
    run = await ana.starts(f"retry {failed}")
    cloud.rest.versions["/pelican/db"] += 1
    await rui.clicks(await rui.reads(f"{run}/approval/approve-production", "Open until"), "Approve")
    assert await ana.run_ends(run) == "failed"
    said = words(await ana.reads(f"{run}/failure/deploy-production/deploy"))
    assert "the configuration has changed since this was planned: DATABASE_URL" in said
    return run


async def subject(world: World, run: str) -> str:
    """Hash of what was asked about before the release of a run."""
    facts = [row for row in await world.facts(run) if row["kind"] == "approval_requested"]
    return str(facts[0]["data"]["subject"])


async def digests(world: World) -> dict[str, str]:
    """What was released last, by environment."""
    facts = [row for row in await world.facts() if row["kind"] == "released"]
    return {row["data"]["environment"]: row["data"]["digest"] for row in facts}
