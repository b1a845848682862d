"""The YAML under a buildspec: a tree whose scalars stay the text that they are, and whose nodes know their line.

The parser is used for the tree only: no value is ever interpreted, so `3.10`, `yes` and `0755` stay what they are.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from runners.buildspec.model import BuildspecInvalid, Problem

Parts = Mapping[str, Node]
_LARGEST = 1_000_000
"""Characters that a buildspec has at most."""
_HALF = re.compile("[\ud800-\udfff]")
_SIGNS = {"'<anchor>'": "&", "'<alias>'": "*", "'<tag>'": "!"}
"""What the parser's names for what it has found look like in the file."""
_YES, _NO = ("yes", "true"), ("no", "false", "")


def text_in(place: Path) -> str:
    """Read as much of a file as `tree` takes, and of a larger one so much that it is refused. Raises `OSError`."""
    with place.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LARGEST + 1)


def tree(text: str) -> Node | None:
    """Read a file. Raises `BuildspecInvalid` when it is no YAML, or too much of it."""
    if len(text) > _LARGEST:
        raise BuildspecInvalid([Problem("the file is larger than a megabyte")])
    try:
        root: Node | None = YAML(typ="base", pure=True).compose(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except MarkedYAMLError as error:
        raise BuildspecInvalid([_syntax(error)]) from error
    except YAMLError as error:
        raise BuildspecInvalid([Problem(" ".join(str(error).split())[:300])]) from error
    except RecursionError as error:
        raise BuildspecInvalid([Problem("the nesting is too deep")]) from error
    except (ValueError, OverflowError) as error:  # the parser takes any number for that of a character
        raise BuildspecInvalid([Problem("an escape of the file stands for no character")]) from error
    _check(root)
    return root


class Nodes:
    """Reads values out of nodes, and collects everything that is wrong on the way."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, node: Node | None, text: str) -> None:
        """Note something that keeps the file from being run."""
        self.problems.append(Problem(text, line_of(node) if node is not None else None))

    def warn(self, node: Node | None, text: str) -> None:
        """Note something that people should know, and no more."""
        self.warnings.append(Problem(text, line_of(node) if node is not None else None))

    def mapping(self, node: Node | None, what: str) -> dict[str, Node]:
        """Read a mapping, merge keys included; of a key that stands twice the last one counts."""
        if node is None or null(node):
            return {}
        if not isinstance(node, MappingNode):
            self.problem(node, f"{what} should be a mapping")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem(key, f"a key of {what} should be a text")
            elif key.value == "<<" and key.style is None:
                found = {**self._merged(value, what), **found}
            else:
                if key.value in found:
                    self.warn(key, f"the key {key.value} stands twice; the last one counts")
                found[str(key.value)] = value
        return found

    def known(self, parts: Parts, names: Collection[str], where: str) -> None:
        """Warn of keys that mean nothing there."""
        for name in parts:
            if name not in names:
                self.warn(parts[name], f"unknown key {where}{name[:100]} is left out")

    def text(self, node: Node | None) -> str:
        """Read a text; what is missing or null is empty."""
        if isinstance(node, ScalarNode):
            return "" if null(node) else node.value.strip() if node.style is None else str(node.value)
        if node is not None:
            self.problem(node, "a text is expected here")
        return ""

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """Read a list of texts, or one alone; null ones are left out."""
        if node is None or null(node):
            return ()
        items = node.value if isinstance(node, SequenceNode) else [node]
        for item in items:
            if not isinstance(item, ScalarNode):
                self.problem(item, f"{what} should hold texts")
        return tuple(item.value for item in items if isinstance(item, ScalarNode) and not null(item))

    def items(self, node: Node | None, what: str) -> list[Node]:
        """Read a list of anything."""
        if isinstance(node, SequenceNode):
            return list(node.value)
        if node is not None and not null(node):
            self.problem(node, f"{what} should be a list")
        return []

    def flag(self, node: Node | None, what: str) -> bool:
        """Read yes or no, in any of the ways to write them."""
        said = self.text(node).lower()
        if said not in (*_YES, *_NO):
            self.problem(node, f"{what} should be yes or no, not {said[:100]}")
        return said in _YES

    def _merged(self, node: Node, what: str) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        for each in node.value if isinstance(node, SequenceNode) else [node]:
            merged = {**self.mapping(each, what), **merged}
        return merged


def null(node: Node) -> bool:
    """Tell whether nothing stands there."""
    return isinstance(node, ScalarNode) and node.style is None and node.value in ("", "~", "null", "Null", "NULL")


def line_of(node: Node) -> int:
    """Give the line on which it begins."""
    return int(node.start_mark.line) + 1


def _check(root: Node | None) -> None:
    """Raise `BuildspecInvalid` for a text that no file can hold, and for a document that is too large.

    Each alias counts as what it stands for, so no circle stays within bounds.
    """
    room, left = _LARGEST, [root]
    while left and room >= 0:
        node = left.pop()
        room -= 1
        if isinstance(node, ScalarNode):
            room -= len(node.value)
            if _HALF.search(node.value):
                raise BuildspecInvalid([Problem("an escape stands for half a character", line_of(node))])
        elif isinstance(node, MappingNode):
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            left += node.value
    if room < 0:
        raise BuildspecInvalid([Problem("with its anchors in place the file is larger than a megabyte")])


def _syntax(error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(str(error.problem or error.context or "not YAML").split())
    for token, sign in _SIGNS.items():
        said = said.replace(token, sign)
    return Problem(f"{said}; quote the value if it holds : * & [ % @ or a back-tick", mark.line + 1 if mark else None)
