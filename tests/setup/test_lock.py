"""The lock files: everything that is asked for is pinned and hashed, and no address is in them."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK, EMULATOR = ((ROOT / ".ci" / name).read_text(encoding="utf-8") for name in ("requirements.txt", "emulator.txt"))
every_lock = pytest.mark.parametrize("lock", [LOCK, EMULATOR], ids=["requirements", "emulator"])
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


def locked(lock: str) -> dict[str, str]:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock)
    return {canonical(block): block for block in blocks}


@pytest.mark.parametrize("name", asked_for())
def test_everything_that_pyproject_asks_for_is_locked(name: str) -> None:
    assert name in locked(LOCK), f"{name} is in pyproject.toml and not in .ci/requirements.txt: run `make lock`"


def test_all_of_the_emulator_is_locked() -> None:
    lines = (ROOT / ".ci" / "emulator.in").read_text(encoding="utf-8").splitlines()
    asked = {canonical(line) for line in lines if line and not line.startswith("#")}
    assert "docker" in asked, "without it the emulator starts no containers, and says nothing"
    assert asked <= set(locked(EMULATOR))


@every_lock
def test_every_package_has_one_version_and_hashes(lock: str) -> None:
    for name, block in locked(lock).items():
        assert "==" in block.splitlines()[0], name
        assert "--hash=sha256:" in block, name


@every_lock
def test_no_address_and_no_path_of_a_machine_is_in_it(lock: str) -> None:
    for line in lock.splitlines():
        assert "://" not in line
        assert not line.startswith("-"), "an option for pip (an index, a folder) belongs to the machine"
        assert " @ " not in line
        assert not re.search(r"(^|\s)/", line)
