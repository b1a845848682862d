"""The lock file: everything that pyproject asks for is pinned and hashed, and no address is in it."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def canonical(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def asked_for() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    return sorted({canonical(requirement) for requirement in asked})


def locked() -> dict[str, str]:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK)
    return {canonical(block): block for block in blocks}


@pytest.mark.parametrize("name", asked_for())
def test_everything_that_pyproject_asks_for_is_locked(name: str) -> None:
    assert name in locked(), f"{name} is in pyproject.toml and not in .ci/requirements.txt: run `make lock`"


def test_every_package_has_one_version_and_hashes() -> None:
    for name, block in locked().items():
        assert "==" in block.splitlines()[0], name
        assert "--hash=sha256:" in block, name


def test_no_address_and_no_path_of_a_machine_is_in_it() -> None:
    for line in LOCK.splitlines():
        assert "://" not in line
        assert not line.startswith("-"), "an option for pip (an index, a folder) belongs to the machine"
        assert " @ " not in line
        assert not re.search(r"(^|\s)/", line)
