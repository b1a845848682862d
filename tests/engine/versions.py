"""Other versions of Estiva than this one, each as a tree of its own whose processes run beside ours."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIGRATIONS = "storage/migrations/versions"
TOMORROW = "9999"
"""The newest migration of the version of tomorrow."""
_ADDED = f'''"""What only the version of tomorrow knows."""

import sqlalchemy as sa
from alembic import op

revision = "{TOMORROW}"
down_revision = "{{head}}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("tomorrow", sa.String()))
'''
_CHANGES = (
    ("storage/schema.py", 'HEAD = "{head}"', f'HEAD = "{TOMORROW}"'),
    ("storage/model/event.py", "class Kind(StrEnum):", 'class Kind(StrEnum):\n    TOMORROW = "tomorrow"'),
    (
        "runners/walk.py",
        "        if not stage.begun:\n",
        """        if not stage.begun:
            await progress.note("stage", Kind.TOMORROW, f"{name}/tomorrow", {"stage": name})
""",
    ),
)
"""File, text, and what stands there tomorrow: each stage begins with a fact of a kind that is unknown today."""


def yesterday(folder: Path) -> Path:
    """Unpack the last commit before the newest migration: it changes other tables, and writes other facts."""
    newest = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS).decode().strip()
    try:
        packed = _git("archive", "--format=tar", f"{newest}^")
    except subprocess.CalledProcessError as failed:
        pytest.skip(f"the history does not reach back before the newest migration: {failed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> bytes:
    if not (ROOT / ".git").exists():
        pytest.skip("this tree has no history: it is no checkout of git")
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), *words]
    return subprocess.run(command, check=True, capture_output=True).stdout


def tomorrow(folder: Path, head: str) -> Path:
    """Copy this tree, and change it as a version after it might: a migration more, and a kind of facts more."""
    for part in ("storage", "runners", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / MIGRATIONS / f"v{TOMORROW}_tomorrow.py").write_text(_ADDED.format(head=head))
    for file, old, new in _CHANGES:
        source, wanted = (folder / file).read_text(), old.format(head=head)
        assert source.count(wanted) == 1, f"{wanted!r} stands {source.count(wanted)} times in {file}"
        (folder / file).write_text(source.replace(wanted, new))
    return folder


class Asker:
    """A process of a version that asks for runs, as its web would; it goes on when others change the tables."""

    def __init__(self, tree: Path, url: str, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", _ASKING, url, str(folder)]
        self._process = subprocess.Popen(
            command, cwd=tree, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self) -> None:
        """Ask for two runs: one that builds for long, and one that waits for approval."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("ask\n")
        assert self._process.stdout.readline() == "asked\n"

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


_ASKING = """
import asyncio, sys
from pathlib import Path
from tests.engine.world import HOMOLOG, PRODUCTION, World, gated, pipeline, plan

async def main(url, folder):
    world = await World(url, Path(folder)).open()
    for _ in sys.stdin:
        await world.ask(plan(pipeline(sleep=3600)[0], *pipeline()[1:]))
        await world.ask(plan(*gated(sleep=0.2), environment=PRODUCTION, others=[HOMOLOG]))
        print("asked", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""
