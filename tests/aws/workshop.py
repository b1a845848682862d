"""A project of CodeBuild, as somebody has it, and work that builds with it."""

import io
import itertools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runners.aws.codebuild.runner import CodeBuildRunner
from runners.contract import ActionFailed, Outcome, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Service
from tests.doubles.aws.batches import Batches, Plan, Task
from tests.doubles.aws.builds import Builds, Script
from tests.doubles.aws.objects import Objects
from tests.doubles.aws.server import Server
from tests.registry import Registry
from tests.runners.bench import Notes

COMMIT = "c0ffee1" + "0" * 33
_runs = itertools.count(1)


def packed(files: dict[str, str]) -> bytes:
    """Pack files as CodeBuild packs artifacts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


@dataclass
class Workshop:
    """The project `hello`, of a repository on GitHub."""

    server: Server
    builds: Builds
    batches: Batches
    objects: Objects
    registry: Registry
    runner: CodeBuildRunner
    environment: Environment
    root: Path
    abandoned: bool = False

    @property
    def image(self) -> str:
        return f"{self.registry.host}/workshop"

    def script(self, *scripts: Script, **more: Any) -> None:
        """Say what the next builds do."""
        self.builds.project("hello", *scripts, **more)

    def plan(self, *tasks: Task, **more: Any) -> None:
        """Say which builds the next batches have."""
        self.builds.project("hello", buildBatchConfig={"serviceRole": "arn:aws:iam::111122223333:role/batches"})
        self.batches.plans["hello"] = Plan(tasks=tasks, **more)

    def work(self, options: Mapping[str, Json] | None = None, run: str | None = None, **more: Any) -> Work:
        run = run or f"hello-{next(_runs)}"
        workspace = self.root / run
        workspace.mkdir(exist_ok=True)
        work = Work(
            key=f"{run}/build/image/1",
            run=run,
            stage="build",
            action="image",
            attempt=1,
            service=Service(name="hello", repository="unused", image=self.image),
            environment=self.environment,
            registry=self.registry.catalog,
            options={"project": "hello", **(options or {})},
            artifacts={artifact.COMMIT: COMMIT, artifact.REF: "main"},
            workspace=workspace,
            abandoned=lambda: self.abandoned,
        )
        return replace(work, **more)

    async def build(
        self, options: Mapping[str, Json] | None = None, notes: Notes | None = None, **more: Any
    ) -> Outcome:
        return await self.runner.run(self.work(options, **more), notes or Notes())

    async def failure(
        self, options: Mapping[str, Json] | None = None, notes: Notes | None = None, **more: Any
    ) -> ActionFailed:
        """Build what fails."""
        try:
            outcome = await self.build(options, notes, **more)
        except ActionFailed as failure:
            return failure
        raise AssertionError(f"it did not fail: {outcome}")

    def given(self) -> dict[str, Any]:
        """What the newest build was started with."""
        return self.builds.built[-1].given

    def variables(self) -> dict[str, str]:
        return {each["name"]: each["value"] for each in self.given()["environmentVariablesOverride"]}
