"""The demo's git repositories, made from `examples/services/` and the history told in `history.py`."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from command import CannotGoOn, run
from history import REPOSITORIES as HISTORIES
from history import Commit, History
from places import REPOSITORIES, SERVICES
from step import Step

FIRST_COMMIT = 1_767_258_000
"""1 January 2026, 9:00 UTC. Fixed times give the same commit ids on every machine."""
A_DAY = 86_400
STAMP = "estiva-made-from"


def are_there() -> bool:
    """Tell whether every repository was made from the sources as they are now."""
    stamps = {name: REPOSITORIES / name / ".git" / STAMP for name in HISTORIES}
    return all(stamp.is_file() and stamp.read_text() == _sources(name) for name, stamp in stamps.items())


def make() -> None:
    """Make the repositories anew."""
    if not shutil.which("git"):
        raise CannotGoOn("git is missing. Install it, then start again:\n    apt-get install -y git")
    for name, history in HISTORIES.items():
        repository = REPOSITORIES / name
        shutil.rmtree(repository, ignore_errors=True)
        repository.mkdir(parents=True)
        _tell(history, SERVICES / name, repository)
        (repository / ".git" / STAMP).write_text(_sources(name))


def _tell(history: History, source: Path, repository: Path) -> None:
    times = iter(range(FIRST_COMMIT, FIRST_COMMIT + 1000 * A_DAY, A_DAY))
    _git(repository, "init", "--quiet", "--initial-branch=main")
    for commit in history.main:
        _commit(commit, source, repository, times)
    for branch, commit in history.branches.items():
        _git(repository, "checkout", "--quiet", "-b", branch, "main")
        _commit(commit, source, repository, times)
    _git(repository, "checkout", "--quiet", "main")


def _commit(commit: Commit, source: Path, repository: Path, times: Iterator[int]) -> None:
    for name in commit.adds:
        _take(source / name, repository / name)
    for name, (old, new) in commit.edits.items():
        _edit(repository / name, old, new)
    name, address = commit.author
    when = f"{next(times)} +0000"
    signed = {
        f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in _by(name, address, when)
    }
    _git(repository, "add", "--all")
    _git(repository, "commit", "--quiet", "--message", commit.message, env=signed)
    if commit.tag is not None:
        _git(repository, "tag", "--annotate", "--message", f"Release {commit.tag}", commit.tag, env=signed)


def _by(name: str, address: str, when: str) -> tuple[tuple[str, str], ...]:
    return (("NAME", name), ("EMAIL", address), ("DATE", when))


def _take(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise CannotGoOn(f"{path.name} no longer holds {old!r}, which .ci/setup/history.py replaces. Mend it there.")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _git(repository: Path, *words: str, env: Mapping[str, str] | None = None) -> None:
    """Run git with nobody's own configuration (signing, hooks, templates)."""
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TEMPLATE_DIR": "", **(env or {})}
    run("git", "-C", repository, *words, env=plain)


def _sources(name: str) -> str:
    """Give the digest of all that a repository is made from."""
    seen = hashlib.sha256(repr(HISTORIES[name]).encode())
    for path in sorted((SERVICES / name).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            seen.update(str(path.relative_to(SERVICES)).encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()


STEP = Step(name="demo repositories", why="git histories for hello and greeter", done=are_there, do=make)
