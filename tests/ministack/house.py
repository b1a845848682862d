"""Estiva's own runners, at work in the account of ministack: one service, released to the cluster `web`."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runners.aws.ecs.runner import EcsRunner
from runners.aws.infra.runner import CloudFormationRunner
from runners.aws.session import Clouds
from runners.contract import ActionFailed, Outcome, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Registry, Service
from tests.ministack.cluster import Cluster
from tests.runners.bench import Notes
from tests.stories.place import ROOT

PACE = 0.1
"""ministack needs seconds where AWS needs minutes, so it is looked at as much more often."""
_runs = itertools.count(1)


@dataclass
class House:
    """`hello`, as a run brings it to production."""

    cluster: Cluster
    clouds: Clouds
    root: Path

    def __post_init__(self) -> None:
        self.image = f"{self.cluster.emulator.host}/hello"
        options = {"cluster": "web"}
        self.environment = Environment(
            name="production", target="ecs", aws=self.cluster.emulator.place, options=options
        )
        self.runner = EcsRunner(self.clouds, {}, pace=PACE)

    async def deploy(self, digest: str, notes: Notes | None = None, **more: Any) -> Outcome:
        """Bring an image to the service."""
        return await self.runner.run(self.work({artifact.DIGEST: digest}, **more), notes or Notes())

    async def fails(self, digest: str, notes: Notes | None = None, **more: Any) -> ActionFailed:
        """Bring an image to the service that it cannot be brought to."""
        try:
            outcome = await self.deploy(digest, notes, **more)
        except ActionFailed as failure:
            return failure
        raise AssertionError(f"it did not fail: {outcome}")

    async def infra(self, do: str, stack: Json, notes: Notes, run: str = "", **artifacts: str) -> Outcome:
        """Do something with a stack of a template that is shipped."""
        source = {artifact.SOURCE: str(ROOT / "examples" / "aws")}
        stage = "apply" if do == "apply" else "plan"
        work = self.work({**source, **artifacts}, run, stage, options={"do": do, "stacks": [stack]})
        return await CloudFormationRunner(self.clouds, pace=PACE).run(work, notes)

    async def applied(self, stack: Json, notes: Notes) -> Outcome:
        """Plan a stack and apply it, as one run."""
        run = f"hello-{next(_runs)}"
        planned = await self.infra("plan", stack, notes, run)
        return await self.infra("apply", stack, notes, run, **planned.artifacts)

    def work(self, artifacts: Mapping[str, str], run: str = "", stage: str = "deploy", **more: Any) -> Work:
        run = run or f"hello-{next(_runs)}"
        return Work(
            **{
                "key": f"{run}/{stage}/{stage}/1",
                "run": run,
                "stage": stage,
                "action": stage,
                "attempt": 1,
                "service": Service(name="hello", repository="unused", image=self.image),
                "environment": self.environment,
                "registry": Registry(host=self.cluster.emulator.host),
                "options": {},
                "artifacts": {artifact.COMMIT: "c0ffee1" + "0" * 33, **artifacts},
                "workspace": self.root,
                **more,
            }
        )
