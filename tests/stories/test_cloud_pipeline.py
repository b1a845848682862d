"""A build in CodeBuild and a release by CodePipeline, from chat: its approval is answered with our button."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.doubles.aws.builds import Builds, Script
from tests.doubles.aws.growing import GrowingLogs
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.pipelines import Action, Pipelines, Stage, approval
from tests.doubles.aws.server import ACCOUNT, REGION, SURROUNDINGS, Server, serving
from tests.stories.conftest import Make
from tests.stories.reading import words
from tests.stories.sources import Source
from tests.stories.world import SECRET, World, together

ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva"


@dataclass(frozen=True)
class Cloud:
    """The AWS of the story: the project and the pipeline `pelican`."""

    server: Server
    builds: Builds
    pipelines: Pipelines


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    server = Server(speed=100)
    builds, pipelines, identities = Builds(server, GrowingLogs(server)), Pipelines(server), Identities(server)
    identities.trusted[ROLE] = None
    builds.project("pelican", Script(log=("[Container] compiling", "[Container] done"), exported={"VERSION": "1.4"}))
    why = "Error while executing: make. Reason: exit status 2"
    # it is over before the action of the pipeline is, as in AWS: that lasts four seconds of AWS's time
    broken = Script(seconds=0.2, wrong="BUILD", message=why, log=("no space left",))
    builds.project("pelican-image", broken, source="CODEPIPELINE")
    pipelines.add(
        "pelican",
        Stage("Source", [Action(name="Source", category="Source")]),
        Stage("Approve", [approval()]),
        Stage(
            "Deploy",
            [
                Action(
                    name="Image",
                    fails=["Build terminated"],
                    outside=lambda at: builds.start("pelican-image", begun=at).id,
                )
            ],
        ),
        variables=("VERSION", "NOTE"),
    )
    with serving(server):
        yield Cloud(server, builds, pipelines)


def in_the_cloud(world: World, cloud: Cloud) -> Source:
    """Give both environments an account, and let production be released by the pipeline."""
    place = json.dumps({"account": ACCOUNT, "region": REGION, "role": ROLE, "endpoints": cloud.server.endpoints})
    before, production = world.catalog.read_text().split("promotes_from: homolog", 1)
    before = before.replace("target: docker", f"target: docker\n    aws: {place}", 1)
    mine = f"target: codepipeline\n    options: {{freeze: Deploy}}\n    aws: {place}"
    may = "\npolicy:\n  - {who: [UANADEV01], may: [retry], in: [production]}\n"
    production = production.replace("target: docker", mine, 1).replace("\npolicy:\n", may, 1)
    world.write_catalog(f"{before}promotes_from: homolog{production}")
    stages = [
        {"stage": "source", "environment": "homolog", "actions": [{"name": "checkout", "uses": "git"}]},
        {
            "stage": "build",
            "environment": "homolog",
            "actions": [{"name": "image", "uses": "codebuild", "with": {"project": "pelican"}}],
        },
        {"stage": "approve-production", "approval": True},
        {
            "stage": "deploy-production",
            "environment": "production",
            "actions": [
                {
                    "name": "release",
                    "uses": "codepipeline",
                    "with": {"revisions": {"Source": "commit"}, "variables": {"VERSION": "#{image.VERSION}"}},
                }
            ],
        },
    ]
    return world.service("pelican", pipeline=stages)


async def test_a_pipeline_in_aws_is_built_approved_and_frozen_from_chat(make_world: Make, cloud: Cloud) -> None:
    with make_world(**SURROUNDINGS) as world:
        in_the_cloud(world, cloud)
        pipeline = cloud.pipelines.known["pelican"]
        async with together(world, "dev", "release") as (ana, rui):
            await rui.asks("freeze production because of the sale")
            await world.until(lambda: closed(cloud))
            await rui.asks("unfreeze production")
            run = await ana.starts("deploy pelican main to production")
            await rui.clicks(await rui.reads(f"{run}/approval/approve-production", "Open until"), "Approve")
            question = await rui.sees("pelican waits in Approve/Manual: may it go on?")
            await ana.reads(f"{run}/card", "Source: Succeeded · Approve/Manual: InProgress")
            (execution,) = pipeline.executions
            assert execution.given["variables"] == [{"name": "VERSION", "value": "1.4"}]
            assert execution.by == f"arn:aws:sts::{ACCOUNT}:assumed-role/estiva/{run}"
            await ana.clicks(question, "Approve")
            await ana.sees("You may not decide on releases to production")
            await rui.clicks(question, "Approve")
            assert await ana.run_ends(run) == "failed"
            said = next(step.summary for step in execution.steps if step.stage == "Approve")
            assert said == f"Approved by URUIREL01 in Estiva, run {run}"
            told = words(await ana.reads(f"{run}/failure/deploy-production/release"))
            assert "pelican-image #1 failed in BUILD: COMMAND_EXECUTION_ERROR" in told
            assert "no space left" in told

            again = await ana.starts(f"retry {run} failed")
            await rui.clicks(await rui.reads(f"{again}/approval/approve-production", "Open until"), "Approve")
            assert await ana.run_ends(again) == "succeeded"
            assert [each.status for each in pipeline.executions] == ["Succeeded"], "it is the same execution"
            assert cloud.server.count("StartBuild") == cloud.server.count("PutApprovalResult") == 1


async def test_variables_are_given_to_the_pipeline_in_chat(make_world: Make, cloud: Cloud) -> None:
    with make_world(**SURROUNDINGS) as world:
        repository = in_the_cloud(world, cloud)
        text = world.catalog.read_text().replace("{freeze: Deploy}", "{from_chat: [VERSION, NOTE]}")
        text = text.replace("may: [retry], in: [production]", "may: [redeploy, rollback, variables], in: [production]")
        world.write_catalog(text)
        async with together(world, "dev", "release") as (ana, rui):
            start = "deploy pelican main to production with"
            source, release = Action(name="Source", category="Source"), Action(name="Release")
            stages = Stage("Source", [source]), Stage("Deploy", [release])
            pipeline = cloud.pipelines.add("pelican", *stages, variables=("VERSION", "NOTE"))
            assert (
                "takes no variable `NOTES` from chat, only `VERSION` or `NOTE`"
                in (await ana.asks(f"{start} NOTES=x")).text
            )
            assert "looks like a secret" in (await ana.asks(f"{start} NOTE={SECRET}")).text
            assert "takes no variables from chat" in (await ana.asks("deploy pelican to homolog with NOTE=x")).text
            refused = (await rui.asks(f"{start} NOTE=x")).text
            assert "Você não pode passar variáveis a um deploy (o direito `variables pelican em production`)" in refused
            run = await ana.starts(f'{start} NOTE="#{{run.ID}} and $(id)" VERSION=2')
            given = 'NOTE="#{run.ID} and $(id)" VERSION=2'
            question = await rui.reads(f"{run}/approval/approve-production", "Open until")
            assert given in words(question)
            assert given in words(await ana.reads(f"{run}/card"))
            await rui.clicks(question, "Approve")
            assert await ana.run_ends(run) == "succeeded"
            requested = (await world.facts(run))[0]
            assert requested["data"]["given"] == {"NOTE": "#{run.ID} and $(id)", "VERSION": "2"}

            again = await ana.starts("redeploy pelican in production")
            await rui.clicks(await rui.reads(f"{again}/approval/approve-production", given), "Approve")
            assert await ana.run_ends(again) == "succeeded"
            repository.commit("Fly further", {"README": "Further"})
            third = await ana.starts(f"{start} VERSION=3 NOTE=third")
            await rui.clicks(await rui.reads(f"{third}/approval/approve-production", "NOTE=third"), "Approve")
            assert await ana.run_ends(third) == "succeeded"
            back = await ana.starts("rollback pelican in production")
            await rui.clicks(await rui.reads(f"{back}/approval/approve-production", given), "Approve")
            assert await ana.run_ends(back) == "succeeded"
            first, new = variables("2", "#{run.ID} and $(id)"), variables("3", "third")
            assert [each.given["variables"] for each in pipeline.executions] == [first, first, new, first]


def variables(version: str, note: str) -> list[dict[str, str]]:
    return [{"name": "VERSION", "value": version}, {"name": "NOTE", "value": note}]


async def closed(cloud: Cloud) -> bool:
    return cloud.pipelines.known["pelican"].stage("Deploy").reason.startswith("Estiva - frozen by")
