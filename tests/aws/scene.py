"""One piece of work against the AWS of a test, in a process of its own that may be killed: `scene.py <JSON>`."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from runners.aws.codebuild.made import Collector
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.codepipeline.doors import Doors
from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.aws.ecr import Registries
from runners.aws.ecs.runner import EcsRunner
from runners.aws.session import Clouds, Visitor
from runners.contract import ActionFailed, Answer, Asks, Work
from storage.model import artifact
from storage.model.catalog import Action, Catalog, Environment, Service, Stage
from storage.model.catalog import Registry as CatalogRegistry
from storage.model.cloud import Aws, Ecr
from tests.registry import Registry
from tests.runners.bench import Notes

_OPTIONS: dict[str, dict[str, Any]] = {
    "migrate": {"before": [{"name": "migrate", "command": ["migrate"]}]},
    "paused": {"strategy": {"type": "blue_green", "bake": 1, "pauses": ["post_scale_up"]}},
}


async def play(given: dict[str, Any]) -> None:
    clouds, place = Clouds(), Aws(**given["aws"])
    if given["scene"] == "repository":
        await Registries(clouds).ensure(Ecr(aws=place, keep=100), "hello", Visitor(name="hello-1"), Notes())
    elif given["scene"].startswith("build"):
        await build(given, clouds, place)
    elif given["scene"].startswith("pipeline"):
        await mirror(given, clouds, place)
    else:
        await deploy(given, clouds, place)
    clouds.close()


async def build(given: dict[str, Any], clouds: Clouds, place: Aws) -> None:
    registry, run = Registry(given["registry"]), given["run"]
    runner = CodeBuildRunner(clouds, Collector(registry.environ), pace=given["pace"])
    work = Work(
        key=f"{run}/build/image/1",
        run=run,
        stage="build",
        action="image",
        attempt=1,
        service=Service(name="hello", repository="unused", image=given["image"]),
        environment=Environment(name="homolog", aws=place),
        registry=registry.catalog,
        options={"project": "hello"},
        artifacts={artifact.COMMIT: "c0ffee1" + "0" * 33},
        workspace=Path(given["workspace"]),
    )
    if "batch" in given["scene"]:
        work = replace(work, options={"project": "hello", "batch": True})
    if given["scene"] == "build-batch-again":
        with suppress(ActionFailed):
            await runner.run(work, Notes())
        work = replace(work, key=f"{run}/build/image/2", attempt=2)
    await (runner.stop(work) if given["scene"].endswith("stop") else runner.run(work, Notes()))


async def mirror(given: dict[str, Any], clouds: Clouds, place: Aws) -> None:
    """Carry a pipeline out; its approvals are answered with yes as soon as they are asked."""
    run, scene = given["run"], given["scene"]
    runner = CodePipelineRunner(clouds, pace=given["pace"])
    environment = Environment(name="production", target="codepipeline", aws=place, options={"freeze": "Deploy"})
    stage = Stage(name="deploy", environment="production", actions=(Action(name="deploy", uses="codepipeline"),))
    service = Service(name="hello", repository="unused", image="x/hello", stages=(stage,))
    attempt = 2 if scene == "pipeline-retry" else 1
    work = Work(
        key=f"{run}/deploy/deploy/{attempt}",
        run=run,
        stage="deploy",
        action="deploy",
        attempt=attempt,
        service=service,
        environment=environment,
        registry=CatalogRegistry(host="x"),
        options={"revisions": {"Source": "commit"}, "stage": "Deploy"},
        artifacts={artifact.COMMIT: "c0ffee1" + "0" * 33},
        workspace=Path(given["workspace"]),
        goes_back=scene == "pipeline-back",
    )
    if scene == "pipeline-doors":
        environments = {"production": environment}
        catalog = Catalog(
            services={"hello": service}, environments=environments, people={}, grants=(), registry=work.registry
        )
        await Doors(clouds, lambda: catalog, _always_frozen).keep()
    elif scene == "pipeline-stop":
        await runner.stop(work)
    else:
        await _answering(runner, work)


async def _answering(runner: CodePipelineRunner, work: Work) -> None:
    while True:
        try:
            await runner.run(work, Notes())
        except Asks as asks:
            work = replace(work, answers={**work.answers, asks.name: Answer(yes=True, by="URUI")})
        except ActionFailed:
            return
        else:
            return


async def _always_frozen(_environment: str) -> str | None:
    return "frozen by UANA"


async def deploy(given: dict[str, Any], clouds: Clouds, place: Aws) -> None:
    registry, run = Registry(given["registry"]), given["run"]
    runner = EcsRunner(clouds, registry.environ, pace=given["pace"])
    work = Work(
        key=f"{run}/deploy-production/deploy/1",
        run=run,
        stage="deploy-production",
        action="deploy",
        attempt=1,
        service=Service(name="hello", repository="unused", image=given["image"]),
        environment=Environment(name="production", target="ecs", aws=place, options={"cluster": "web"}),
        registry=registry.catalog,
        options=_OPTIONS.get(given["scene"], {}),
        artifacts={artifact.DIGEST: given["digest"]},
        workspace=Path(given["workspace"]),
        goes_back=given["scene"] == "back",
        scales=given["scene"] == "scale",
        replicas=3 if given["scene"] == "scale" else None,
    )
    if given["scene"] == "stop":
        await runner.stop(replace(work, options=_OPTIONS["migrate"]))
        return
    try:
        await runner.run(work, Notes())
    except Asks as asks:  # whoever is asked says yes
        await runner.run(replace(work, answers={asks.name: Answer(yes=True, by="U0BOB")}), Notes())


if __name__ == "__main__":
    asyncio.run(play(json.loads(sys.argv[1])))
