"""A workbench for runners: a sink to read, work to hand in, repositories to build from."""

import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runners.containers import Containers
from runners.contract import Work
from storage.model import artifact
from storage.model.catalog import Environment, Json, Registry, Service

_GIT = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.org",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class Notes:
    """A sink that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def said(self) -> list[str]:
        """What commands printed: lines without CodeBuild's own."""
        return [line for line in self.lines if not line.startswith("[Container]")]


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env={**os.environ, **_GIT}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class Repository:
    """A real repository with one branch, `main`."""

    path: Path

    @classmethod
    def made(cls, path: Path, files: Mapping[str, str] | None = None) -> "Repository":
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--initial-branch=main")
        repository = cls(path)
        repository.commit("first", files or {"README": "hello\n"})
        return repository

    def commit(self, subject: str, files: Mapping[str, str]) -> str:
        for name, text in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        git(self.path, "add", "--all")
        git(self.path, "commit", "--quiet", "--allow-empty", "-m", subject)
        return git(self.path, "rev-parse", "HEAD")


@dataclass
class Bench:
    """Work for one service, each with a workspace of its own unless the same run is named again."""

    containers: Containers
    registry: Registry
    root: Path
    service: Service
    abandoned: bool = False
    environment: Environment | None = None
    run: str = field(default_factory=lambda: f"hello-{uuid.uuid4().int % 1_000_000_000}")

    def work(
        self,
        options: Mapping[str, Json] | None = None,
        artifacts: Mapping[str, str] | None = None,
        *,
        run: str | None = None,
        attempt: int = 1,
        stage: str = "build",
        restores: bool = False,
        replicas: int | None = None,
        scales: bool = False,
    ) -> Work:
        run = run or self.run
        workspace = self.root / "runs" / run
        workspace.mkdir(parents=True, exist_ok=True)
        return Work(
            key=f"{run}/{stage}/one/{attempt}",
            run=run,
            stage=stage,
            action="one",
            attempt=attempt,
            service=self.service,
            environment=self.environment,
            registry=self.registry,
            options=options or {},
            artifacts=artifacts or {},
            workspace=workspace,
            replicas=replicas,
            scales=scales,
            restores=restores,
            abandoned=lambda: self.abandoned,
        )

    def source(
        self, files: Mapping[str, str], *, run: str | None = None, commit: str = "c0ffee1" + "0" * 33
    ) -> dict[str, str]:
        """Write files where the source action would; returns its artifacts."""
        source = self.root / "runs" / (run or self.run) / "source"
        for name, text in files.items():
            place = source / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return {artifact.COMMIT: commit, artifact.SOURCE: str(source)}
