"""A service on ECS, as somebody runs it, and work that deploys to it."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runners.aws.ecs.runner import EcsRunner
from runners.contract import Outcome, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service
from tests.aws.images import put
from tests.doubles.aws.rollouts import Behaviour
from tests.doubles.aws.server import ACCOUNT, REGION, Server
from tests.doubles.aws.tasks import Service as EcsService
from tests.doubles.aws.tasks import Tasks
from tests.registry import Registry
from tests.runners.bench import Notes

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
_runs = itertools.count(1)


@dataclass
class Fleet:
    """`hello` in the cluster `web`, two tasks, on the image `old`."""

    server: Server
    tasks: Tasks
    registry: Registry
    runner: EcsRunner
    environment: Environment
    root: Path
    image: str
    old: str
    """Digest that runs."""
    service: EcsService = field(init=False)
    definition: str = field(init=False)
    abandoned: bool = False
    env: Mapping[str, str] = field(default_factory=lambda: {"GREETING": "olá"})

    def __post_init__(self) -> None:
        self.definition = self.tasks.define(
            "hello",
            [self.container()],
            taskRoleArn=f"{ROLE}estiva-tasks",
            executionRoleArn=f"{ROLE}estiva-execution",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
        )
        self.tasks.tags[self.definition] = {"team": "web", "aws:cloudformation:stack-name": "hello"}
        self.service = self.tasks.serve("hello", self.definition)

    def container(self, name: str = "hello", **more: Any) -> dict[str, Any]:
        options = {"awslogs-group": "/ecs/hello", "awslogs-region": REGION, "awslogs-stream-prefix": "app"}
        return {
            "name": name,
            "image": f"{self.image}@{self.old}",
            "essential": True,
            "portMappings": [{"containerPort": 8000}],
            "environment": [{"name": "MODE", "value": "prod"}, {"name": "GREETING", "value": "hi"}],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
            **more,
        }

    def pushed(self, text: str) -> str:
        """Put an image into the registry; gives its digest."""
        return put(self.registry, self.image.partition("/")[2], text, tag=text)

    def work(self, digest: str, run: str | None = None, **more: Any) -> Work:
        run = run or f"hello-{next(_runs)}"
        service = Service(
            name="hello",
            repository="unused",
            image=self.image,
            env={"production": self.env},
            addresses={"production": "https://hello.example.com"},
        )
        options: Mapping[str, Json] = more.pop("options", {})
        workspace = self.root / run
        workspace.mkdir(exist_ok=True)
        return Work(
            **{
                "key": f"{run}/deploy-production/deploy/1",
                "run": run,
                "stage": "deploy-production",
                "action": "deploy",
                "attempt": 1,
                "service": service,
                "environment": self.environment,
                "registry": self.registry.catalog,
                "options": options,
                "artifacts": {artifact.DIGEST: digest, artifact.COMMIT: "c0ffee1" + "0" * 33},
                "workspace": workspace,
                "abandoned": lambda: self.abandoned,
                **more,
            }
        )

    async def deploy(self, digest: str, notes: Notes | None = None, **more: Any) -> Outcome:
        return await self.runner.run(self.work(digest, **more), notes or Notes())

    async def begun(self, digest: str, notes: Notes | None = None, **more: Any) -> "asyncio.Task[Outcome]":
        """Deploy, and come back as soon as the service is updated."""
        before = len(self.service.deployments)
        work = asyncio.ensure_future(self.deploy(digest, notes, **more))
        while len(self.service.deployments) == before and not work.done():  # noqa: ASYNC110 - the double tells nobody
            await asyncio.sleep(0.01)
        return work

    async def step_by_step(self, digest: str, notes: Notes | None = None, **more: Any) -> Outcome:
        """Deploy while AWS's clock goes on by as much as a stage takes whenever it was looked at: none is missed."""
        clock, stage = self.server.clock, Behaviour(stage=30)
        self.tasks.behaviours[digest], clock.speed = stage, 0
        work = asyncio.ensure_future(self.deploy(digest, notes, **more))
        while not work.done():
            before = self.server.count("DescribeServiceDeployments")
            while self.server.count("DescribeServiceDeployments") == before and not work.done():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            clock.skip(stage.stage)
        return await work

    def definition_in_use(self) -> dict[str, Any]:
        return self.tasks.definitions[self.service.primary.task_definition]

    def revisions(self) -> list[str]:
        return [arn.rpartition("/")[2] for arn in self.tasks.definitions]
