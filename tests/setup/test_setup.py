"""The set-up says what it does and what the user must do."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

START_REGISTRY = """
import sys
import registry
from command import CannotGoOn
try:
    registry.start()
except CannotGoOn as problem:
    sys.exit(str(problem))
"""

WALK = """
import sys
import step
step.BEAT = 0.05
state = set(sys.argv[1:])
steps = [
    step.Step(name=name, why="work", done=lambda name=name: name in state, do=lambda: __import__("time").sleep(0.2))
    for name in ("one", "two")
]
step.walk(steps)
"""


def python(code: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT / ".ci" / "setup",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_step_that_is_done_is_skipped_and_a_long_one_shows_that_it_lives() -> None:
    lines = python(WALK, "one").stdout.splitlines()
    assert lines[0] == "[1/2] one: already there"
    assert lines[1] == "[2/2] two: work ..."
    assert any(re.fullmatch(r"\[2/2\] two: still at it after \d+ s", line) for line in lines)
    assert re.fullmatch(r"\[2/2\] two: done in \d+ s", lines[-2])
    assert re.fullmatch(r"Everything is in place \(\d+ s\)\.", lines[-1])


def test_a_wrong_goal_is_answered_with_the_usage() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "setup", "tests"], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 2
    assert "usage: python3 .ci/setup check | test | demo | down" in done.stderr


def test_a_taken_port_is_answered_with_who_has_it_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = python(START_REGISTRY, ESTIVA_DATA=str(tmp_path), ESTIVA_REGISTRY_PORT=str(port))
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert f"ESTIVA_REGISTRY_PORT={port + 1} make demo" in done.stderr


def test_without_apt_the_missing_packages_are_named(tmp_path: Path) -> None:
    code = (
        "import debian\ntry:\n    debian.install(['docker-registry'])\nexcept Exception as problem:\n    print(problem)"
    )
    done = python(code, PATH=str(tmp_path))
    assert "docker-registry" in done.stdout
    assert "start again" in done.stdout


def test_an_environment_that_is_only_a_link_is_left_alone(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / "link"
    theirs.mkdir()
    (theirs / "tool").write_text("somebody's")
    link.symlink_to(theirs)
    code = (
        "import sys\nfrom pathlib import Path\nfrom environment import Environment\n"
        "try:\n    Environment(folder=Path(sys.argv[1])).make()\nexcept Exception as problem:\n    print(problem)"
    )
    said = python(code, str(link), ESTIVA_DATA=str(tmp_path / "data")).stdout
    assert "is a link" in said
    assert (theirs / "tool").read_text() == "somebody's"
