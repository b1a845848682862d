"""Copies of directories that a build gets, and the artifacts of several builds as one."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runners.buildspec.artifacts import NoArtifacts, Upload
from runners.buildspec.model import Files
from runners.buildspec.record import Made

_ALL = Files(patterns=("**/*",), symlinks=True)


def copied(directory: Path, target: Path) -> None:
    """Copy what is to be built, whole or not at all, links as links; a copy that is there already is in use.

    Pipes and sockets are no part of any source.
    """
    if target.exists():
        return
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(directory, fresh, symlinks=True, ignore=_special)
    fresh.rename(target)


def combined(made: Iterable[Made], target: Path) -> None:
    """Put artifacts together in one directory, in place of what was there; of equal names the later one stays."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for each in made:
        with suppress(NoArtifacts):
            Upload(files=_ALL, source=Path(each.location), values={}, say=_nobody).add(target)


def _special(folder: str, names: list[str]) -> list[str]:
    places = {name: Path(folder, name) for name in names}
    return [n for n, p in places.items() if not (p.is_symlink() or p.is_file() or p.is_dir())]


def _nobody(_line: str) -> None:
    """Say it to nobody: each build has said what it hands on."""
