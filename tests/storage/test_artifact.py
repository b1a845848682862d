"""A commit looks the same wherever it is shown."""

import re
from pathlib import Path

import pytest

from storage.model import artifact

ROOT = Path(__file__).parents[2]
CUT = re.compile(r"commit\w*\)?\[:\d+\]", re.IGNORECASE)


@pytest.mark.parametrize(
    ("ref", "shown"),
    [("1a2b3c4d" * 5, "1a2b3c4"), ("1a2b3c4d", "1a2b3c4"), ("feature/login-page", "feature/login-page"), ("", "")],
)
def test_a_commit_is_shown_by_seven_digits_and_a_branch_as_it_is(ref: str, shown: str) -> None:
    assert artifact.short(ref) == shown


def test_nobody_cuts_a_commit_by_hand() -> None:
    sources = [path for package in ("bot", "commands", "runners", "storage") for path in (ROOT / package).rglob("*.py")]
    assert len(sources) > 100
    found = {str(path.relative_to(ROOT)): CUT.findall(path.read_text()) for path in sources}
    assert {name: cuts for name, cuts in found.items() if cuts} == {}
