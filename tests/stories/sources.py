"""Git repositories for the stories: the demo's own, and small ones that a story writes itself."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.stories.place import ROOT

DOCKERFILE = """\
FROM estiva/python:base
WORKDIR /app
COPY . .
CMD ["python3", "-u", "service.py"]
"""
_WHO = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Bia Ramos"), ("EMAIL", "bia@example.com"))
}
_PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TEMPLATE_DIR": ""}


def make_demo_repositories(data: Path) -> Path:
    """Make hello and greeter as the demo's set-up does; gives the folder that holds both."""
    subprocess.run(
        [sys.executable, "-c", "import repositories; repositories.make()"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".ci" / "setup"), "ESTIVA_DATA": str(data)},
        check=True,
    )
    return data / "repos"


def page(says: str) -> str:
    """Give a service that says one thing: the demo's greeter, with other words."""
    greeter = (ROOT / "examples" / "services" / "greeter" / "greeter.py").read_text()
    return greeter.replace("Olá do greeter!", says)


class Source:
    """A repository that a story writes. Its first commit on `main` is a service that says `says`."""

    def __init__(self, path: Path, says: str, files: Mapping[str, str]) -> None:
        self.path = path
        path.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit(f"Say {says}", {"service.py": page(says), "Dockerfile": DOCKERFILE, **files})

    def commit(self, message: str, files: Mapping[str, str], branch: str = "main", tag: str | None = None) -> str:
        """Commit on a branch, which is made when there is none; gives the id."""
        if branch != "main":
            self._git("checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        if tag is not None:
            self._git("tag", tag)
        commit = self._git("rev-parse", "HEAD")
        if branch != "main":
            self._git("checkout", "--quiet", "main")
        return commit

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *words],
            env={**os.environ, **_PLAIN, **_WHO},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
