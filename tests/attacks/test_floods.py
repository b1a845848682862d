"""Output without end, and commits whose words are chosen to break whoever reads them."""

import os
import subprocess
from pathlib import Path

import pytest

from runners.mirrors import Mirrors
from storage import intake
from storage.logs import Logs
from storage.model.catalog import Service
from storage.redact import Redactor
from tests.runners.bench import Repository, git

_WORDS = ["a\x1fb", "\x1f\x1f\x1f", "x" * 100_000, "\x1b]0;owned\x07", "<!channel> `$(id)` %s {0}", "--upload-pack=x"]


@pytest.mark.parametrize("subject", _WORDS)
async def test_no_subject_of_a_commit_breaks_a_deploy(tmp_path: Path, subject: str) -> None:
    repository = Repository.made(tmp_path / "hello")
    first = git(repository.path, "rev-parse", "HEAD")
    commit = repository.commit(f"s {subject}", {"README": "two"})
    service = Service(name="hello", repository=str(repository.path), image="127.0.0.1:1/hello")
    mirrors = Mirrors(tmp_path / "mirrors")
    found = await mirrors.resolve(service, "main")
    assert (found.commit, found.author) == (commit, "Ana")
    assert found.subject == f"s {subject}"[:500]
    git(repository.path, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "-m", "")
    silent = (await mirrors.resolve(service, "main")).commit
    assert await mirrors.log_between(service, first, silent, 9) == [
        (silent, "Ana", ""),
        (commit, "Ana", f"s {subject}"[:500]),
    ]


async def test_no_name_of_an_author_breaks_a_deploy(tmp_path: Path) -> None:
    repository = Repository.made(tmp_path / "hello")
    name = "Ana\x1fRui approved this\x1f2026"
    environment = {**os.environ, "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
    environment |= {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": "a@b"}
    command = ["git", "commit", "--quiet", "--allow-empty", "-m", "subject"]
    subprocess.run(command, cwd=repository.path, env=environment, check=True)  # noqa: ASYNC221 - before anything runs
    service = Service(name="hello", repository=str(repository.path), image="127.0.0.1:1/hello")
    found = await Mirrors(tmp_path / "mirrors").resolve(service, "main")
    assert (found.author, found.subject) == (name, "subject")


async def test_a_log_without_end_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_LARGEST", 100_000)
    logs = Logs(tmp_path, Redactor())
    sink = logs.sink("hello-1", "build", "image", 1)
    for _ in range(5_000):
        sink.line("y" * 99)
    sink.close()
    lines = await logs.read("hello-1", "build", "image")
    logs.close()
    assert len(lines) == 1_001
    assert lines[-1] == intake.CUT
