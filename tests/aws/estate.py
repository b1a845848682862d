"""A service whose infrastructure is a stack, with its template in a commit, and work that plans and applies it."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runners.aws.infra.runner import CloudFormationRunner
from runners.contract import Outcome, Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Registry, Service
from tests.doubles.aws.server import Server
from tests.doubles.aws.stacks import Stacks
from tests.runners.bench import Notes

STACK = "hello-production"
CHANGES = artifact.changes("production", STACK)
IMAGE = "registry.example.com/hello"
_runs = itertools.count(1)


def template(*names: str, **properties: Any) -> str:
    """A repository, log groups by these names, and a task definition with the image that runs."""
    resources = {
        "Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": {"Ref": "Name"}}},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"Cpu": "256", "Image": {"Ref": "Image"}, **properties},
        },
        **{name: {"Type": "AWS::Logs::LogGroup", "Properties": {}} for name in names},
    }
    parameters = {"Name": {"Type": "String", "Default": "hello"}, "Image": {"Type": "String", "Default": "none"}}
    return json.dumps({"Parameters": parameters, "Resources": resources, "Outputs": {"Cluster": {"Value": "web"}}})


@dataclass
class Estate:
    """`stack` options, and what is in the commit."""

    server: Server
    stacks: Stacks
    runner: CloudFormationRunner
    environment: Environment
    root: Path
    stack: dict[str, Json] = field(default_factory=lambda: {"stack": STACK, "template": "infra/service.json"})
    options: dict[str, Json] = field(default_factory=dict)
    """More options of the action."""
    notes: Notes = field(default_factory=Notes)
    abandoned: bool = False

    def commit(self, text: str, name: str = "infra/service.json") -> None:
        path = self.root / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def work(self, do: str, run: str, artifacts: Mapping[str, str] | None = None) -> Work:
        stage = "apply" if do == "apply" else "plan"
        return Work(
            key=f"{run}/{stage}/infra/1",
            run=run,
            stage=stage,
            action="infra",
            attempt=1,
            service=Service(name="hello", repository="unused", image=IMAGE),
            environment=self.environment,
            registry=Registry(host="registry.example.com"),
            options={"stacks": [dict(self.stack)], **self.options, "do": do},
            artifacts={artifact.SOURCE: str(self.root / "source"), **(artifacts or {})},
            workspace=self.root,
            abandoned=lambda: self.abandoned,
        )

    async def does(self, do: str, run: str = "", **artifacts: str) -> Outcome:
        run = run or f"hello-{next(_runs)}"
        return await self.runner.run(self.work(do, run, artifacts), self.notes)

    async def applied(self, text: str, **artifacts: str) -> Outcome:
        """Plan a template and apply it."""
        self.commit(text)
        run = f"hello-{next(_runs)}"
        planned = await self.does("plan", run, **artifacts)
        return await self.does("apply", run, **{**artifacts, **planned.artifacts})
