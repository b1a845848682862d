"""A pipeline of CodePipeline, as somebody has it, and work that starts it."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.contract import ActionFailed, Answer, Asks, Outcome, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Registry, Service
from tests.doubles.aws.builds import Builds
from tests.doubles.aws.pipelines import Action, Pipeline, Pipelines, Stage, approval
from tests.doubles.aws.server import Server
from tests.runners.bench import Notes

COMMIT = "c0ffee1" + "0" * 33
_runs = itertools.count(1)


@dataclass
class Yard:
    """The pipeline `hello`: source, build, deploy, as a test sets it up."""

    server: Server
    builds: Builds
    pipelines: Pipelines
    runner: CodePipelineRunner
    environment: Environment
    root: Path
    abandoned: bool = False

    def pipeline(self, *actions: Action, approved: bool = False, **more: Any) -> Pipeline:
        """Have the pipeline, with these actions to deploy; behind an approval, when a test wants one."""
        gate = [Stage("Approve", [approval()])] if approved else []
        return self.pipelines.add(
            "hello",
            Stage("Source", [Action(name="Source", category="Source", provider="CodeStarSourceConnection")]),
            *gate,
            Stage("Deploy", list(actions) or [Action(name="Service", category="Deploy", provider="ECS")]),
            **more,
        )

    def without_role(self) -> None:
        """Work as the user whose keys these are, who has no session of their own."""
        assert self.environment.aws is not None
        self.environment = replace(self.environment, aws=replace(self.environment.aws, role=None))

    @property
    def executions(self) -> list[Any]:
        return self.pipelines.known["hello"].executions

    def work(self, options: Mapping[str, Json] | None = None, run: str | None = None, **more: Any) -> Work:
        run = run or f"hello-{next(_runs)}"
        workspace = self.root / run
        workspace.mkdir(exist_ok=True)
        attempt = more.get("attempt", 1)
        work = Work(
            key=f"{run}/deploy-production/deploy/{attempt}",
            run=run,
            stage="deploy-production",
            action="deploy",
            attempt=attempt,
            service=Service(
                name="hello",
                repository="unused",
                image="registry.example.com/hello",
                addresses={"production": "https://hello.example.com"},
            ),
            environment=self.environment,
            registry=Registry(host="registry.example.com"),
            options=options or {},
            artifacts={artifact.COMMIT: COMMIT, artifact.REF: "main"},
            workspace=workspace,
            abandoned=lambda: self.abandoned,
        )
        return replace(work, **more)

    async def carry_out(self, work: Work, notes: Notes | None = None) -> Outcome:
        return await self.runner.run(work, notes or Notes())

    async def failure(self, work: Work, notes: Notes | None = None) -> ActionFailed:
        """Carry out what fails."""
        try:
            outcome = await self.carry_out(work, notes)
        except ActionFailed as failure:
            return failure
        raise AssertionError(f"it did not fail: {outcome}")

    async def asked(self, work: Work, notes: Notes | None = None) -> Asks:
        """Carry out what comes to an approval."""
        try:
            outcome = await self.carry_out(work, notes)
        except Asks as asks:
            return asks
        raise AssertionError(f"nobody was asked: {outcome}")

    def answered(self, work: Work, asks: Asks, *, yes: bool, reason: str = "") -> Work:
        """Give the same work, run again with what people said."""
        return replace(work, answers={**work.answers, asks.name: Answer(yes=yes, by="URUI", reason=reason)})
