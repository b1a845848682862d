"""The sample services work, and the demo's repositories hold what they promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "examples" / "services"

MAKE_DEMO = """
import repositories, catalog
repositories.make()
catalog.write()
assert repositories.are_there() and catalog.is_there()
"""


def execute(folder: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )


def unit_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    return execute(folder, sys.executable, "-m", "unittest", "tests.test_unit")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    made = execute(ROOT / ".ci" / "setup", sys.executable, "-c", MAKE_DEMO, ESTIVA_DATA=str(folder))
    assert made.returncode == 0, made.stdout
    return folder


@pytest.fixture
def hello(state: Path, tmp_path: Path) -> Path:
    """A clone to work in."""
    execute(tmp_path, "git", "clone", "--quiet", str(state / "repos" / "hello"), "clone")
    return tmp_path / "clone"


@pytest.mark.parametrize("suite", ["tests.test_unit", "tests.test_smoke"])
def test_hello_passes_its_own_tests(suite: str) -> None:
    done = execute(SERVICES / "hello", sys.executable, "-m", "unittest", suite)
    assert done.returncode == 0, done.stdout


def test_main_holds_the_sample_as_it_stands(hello: Path) -> None:
    for name in ("hello.py", "Dockerfile", "buildspec.yml", "tests/test_unit.py"):
        assert (hello / name).read_bytes() == (SERVICES / "hello" / name).read_bytes()
    authors = execute(hello, "git", "log", "--format=%an").stdout.split("\n")
    assert {"Ana Souza", "Bia Ramos"} <= set(authors)


def test_the_tagged_version_is_older_and_passes_its_tests(hello: Path) -> None:
    execute(hello, "git", "checkout", "--quiet", "v1.0.0")
    assert 'f"Hi, {name}!"' in (hello / "hello.py").read_text()
    assert unit_tests(hello).returncode == 0


@pytest.mark.parametrize("branch", ["broken-build", "sick", "bad-buildspec"])
def test_branches_that_break_later_pass_their_unit_tests(hello: Path, branch: str) -> None:
    execute(hello, "git", "checkout", "--quiet", branch)
    done = unit_tests(hello)
    assert done.returncode == 0, done.stdout
    assert len(execute(hello, "git", "diff", "--name-only", "origin/main").stdout.split()) == 1


def test_the_branch_with_a_failing_test_fails_it(hello: Path) -> None:
    execute(hello, "git", "checkout", "--quiet", "failing-test")
    done = unit_tests(hello)
    assert done.returncode == 1
    assert "'Hello there, world!' != 'Hello, world!'" in done.stdout


def test_the_same_commits_are_made_everywhere(state: Path, tmp_path: Path) -> None:
    execute(ROOT / ".ci" / "setup", sys.executable, "-c", MAKE_DEMO, ESTIVA_DATA=str(tmp_path))
    heads = [execute(root / "repos" / "hello", "git", "rev-parse", "main").stdout for root in (state, tmp_path)]
    assert re.fullmatch(r"[0-9a-f]{40}\n", heads[0])
    assert heads[0] == heads[1]


def test_the_demo_catalog_points_at_this_machines_repositories(state: Path) -> None:
    text = (state / "catalog.yml").read_text(encoding="utf-8")
    assert f"repository: {state}/repos/hello" in text
    assert "/srv/" not in text
