"""`make` alone says what there is, and what it says is true."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def make(*words: str) -> str:
    outer = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHON"}  # of the `make test` that may be running this
    done = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in outer},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


def listed() -> dict[str, str]:
    rows = (line.split(maxsplit=2) for line in make().splitlines())
    return {target: sentence for _, target, sentence in rows}


def test_help_is_the_default_and_lists_every_target_with_a_sentence() -> None:
    promised = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert promised
    assert set(listed()) == set(promised.group(1).split())
    assert all(len(sentence.split()) > 2 for sentence in listed().values())


def test_every_target_that_uses_the_environment_sets_it_up_first() -> None:
    for target in ("demo", "demo-up", "test", "check", "sweep", "bench", "lock", "docs", "screenshots"):
        steps = make("--dry-run", target).splitlines()
        assert re.fullmatch(r"python3 \.ci/setup (check|test|demo)", steps[0]), target


def test_ci_runs_lint_and_tests_with_the_same_targets_as_people() -> None:
    steps = make("--dry-run", "check", "test")
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "cfn-lint", "pytest"):
        assert tool in steps
