"""Words can be read in both schemes: WCAG AA, 4.5 to 1."""

import re
from importlib.resources import files

import pytest

TOKENS = (files("bot.workspace.page") / "static" / "tokens.css").read_text(encoding="utf-8")
PAIRS = [
    (ink, ground)
    for ground in ("ground", "raised", "sunken", "hover")
    for ink in ("ink", "ink-quiet", "link", "good", "bad", "warn", "busy", "new")
] + [
    ("code", "code-ground"), ("ink", "code-ground"), ("mention", "mention-ground"), ("me", "me-ground"),
    ("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-danger", "danger"),
    ("ink", "bad-ground"), ("ink", "warn-ground"), ("ink", "good-ground"), ("ink", "me-ground"),
    ("side-ink", "side"), ("side-quiet", "side"), ("side-strong", "side"), ("side-strong", "side-here"),
]  # fmt: skip


def tokens(scheme: str) -> dict[str, str]:
    light, dark = TOKENS.split(':root[data-theme="dark"] {')
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return {**found, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))} if scheme == "dark" else found


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_ink_stands_out_from_its_ground(scheme: str, ink: str, ground: str) -> None:
    known = tokens(scheme)
    dark, light = sorted((luminance(known[ink]), luminance(known[ground])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5, (known[ink], known[ground])
