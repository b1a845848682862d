"""Buttons are written alike: in title case, as Slack writes its own."""

import ast
from collections.abc import Iterator, Mapping

from commands.locale.extract import called
from tests.languages.reading import ROOT, sources

LABELS: Mapping[str, tuple[int | str, ...]] = {"button": (0,), "leading": (0,), "Offer": ("label",), "confirm": (2, 3)}
"""What makes a button, with the arguments that stand on it."""
SAYING = {"say": 0, "phrase": 1}
SMALL = frozenset(["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])


def labels() -> Iterator[tuple[str, str]]:
    """The labels that stand in the code, with the files that hold them."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            for given in _given(node):
                yield from ((text, str(path.relative_to(ROOT))) for text in _said(given))


def _given(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        for place in LABELS.get(called(node), ()):
            if isinstance(place, int):
                yield from node.args[place : place + 1]
            else:
                yield from (keyword.value for keyword in node.keywords if keyword.arg == place)


def _said(given: ast.expr) -> Iterator[str]:
    for node in ast.walk(given):
        if isinstance(node, ast.Call) and called(node) in SAYING:
            text = node.args[SAYING[called(node)]]
            for choice in (text.body, text.orelse) if isinstance(text, ast.IfExp) else (text,):
                if isinstance(choice, ast.Constant):
                    yield str(choice.value)


def is_title(label: str) -> bool:
    words = label.split()
    inner = [word for word in words[1:-1] if word not in SMALL]
    return all(word[0].isupper() or word.startswith("{") for word in (words[0], words[-1], *inner))


def test_every_button_is_in_title_case() -> None:
    found = dict(labels())
    assert {"Cancel", "Full Log", "Replace It", "Retry from Start"} <= found.keys()
    assert {label: path for label, path in found.items() if not is_title(label)} == {}
