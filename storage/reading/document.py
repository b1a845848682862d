"""A YAML document as a tree that knows its lines; whoever reads from it says what it expects.

What is expected decides how a word is read, not how it looks: a branch called `1.10`, `no` or `0777` stays that text.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from storage.model.catalog import Json

T = TypeVar("T")
_DURATION = re.compile(r"(\d{1,9})\s*([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE = re.compile(r"(\d{1,15})\s*([bkmg]?)", re.IGNORECASE)
_BYTES = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_DEEPEST = 40


@dataclass(slots=True)
class Problems:
    """Everything that is wrong with one file."""

    file: str
    found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, line: int, path: str, what: str, column: int = 0) -> None:
        """Note a problem; the same one is noted once."""
        where = f"{self.file}:{line}: {path}: {what}" if path else f"{self.file}:{line}: {what}"
        if (line, column, where) not in self.found:
            self.found.append((line, column, where))

    def lines(self) -> list[str]:
        """Give the problems in the order of the file."""
        return [where for _, _, where in sorted(self.found, key=lambda problem: problem[:2])]


@dataclass(frozen=True, slots=True)
class Item:
    """One place in the document. A reader that finds something else notes a problem and gives an empty value."""

    node: Node
    line: int
    path: str
    problems: Problems

    def problem(self, what: str) -> None:
        """Note that something is wrong here."""
        mark = self.node.start_mark
        self.problems.add(self.line, self.path, what, mark.column if mark else 0)

    def text(self) -> str:
        """Read a text, just as it is written."""
        if isinstance(self.node, ScalarNode) and not (self.is_null and not self.node.value):
            return str(self.node.value)
        self.problem(f"should be a text, not {self._shape()}")
        return ""

    def name(self) -> str:
        """Read a name: what can be part of a container's name, a label, a path and a command."""
        text = self.text()
        if text and not NAME.fullmatch(text):
            self.problem(
                f"{text!r} is no name: lower-case letters, digits, `-`, `_` and `.`, at most 60, a letter first"
            )
        return text

    def flag(self) -> bool:
        """Read `true` or `false`."""
        if self._tag() == "bool":
            return str(self.node.value).lower() == "true"
        self.problem(f"should be true or false, not {self._shape()}")
        return False

    def whole(self) -> int:
        """Read a whole number, zero or more."""
        if self._tag() == "int" and str(self.node.value).isdecimal():
            return int(self.node.value)
        self.problem(f"should be a whole number, not {self._shape()}")
        return 0

    def positive(self) -> int:
        """Read a whole number, one or more."""
        number = self.whole()
        if number == 0 and self._tag() == "int":
            self.problem("should be at least 1")
        return number

    def seconds(self) -> int:
        """Read a duration: `90s`, `30m`, `24h`, `7d`, or a number of seconds."""
        found = _DURATION.fullmatch(str(self.node.value)) if isinstance(self.node, ScalarNode) else None
        if found is None or int(found[1]) == 0:
            self.problem(f"should be a duration such as 90s, 30m or 24h, not {self._shape()}")
            return 1
        return int(found[1]) * _SECONDS[found[2]]

    def size(self) -> int:
        """Read a size as Docker writes it: `512m`, `10g`, or a number of bytes."""
        found = _SIZE.fullmatch(str(self.node.value)) if isinstance(self.node, ScalarNode) else None
        if found is None or int(found[1]) == 0:
            self.problem(f"should be a size such as 512m or 10g, not {self._shape()}")
            return 1
        return int(found[1]) * _BYTES[found[2].lower()]

    def items(self) -> list["Item"]:
        """Read a list."""
        if not isinstance(self.node, SequenceNode):
            self.problem(f"should be a list, not {self._shape()}")
            return []
        return [self._inside(node, node.start_mark.line + 1, f"[{n}]") for n, node in enumerate(self.node.value)]

    def texts(self) -> tuple[str, ...]:
        """Read a list of texts."""
        return tuple(item.text() for item in self.items())

    def entries(self) -> dict[str, "Item"]:
        """Read a mapping, whatever its keys."""
        if self.is_null:
            return {}
        if not isinstance(self.node, MappingNode):
            self.problem(f"should be a mapping, not {self._shape()}")
            return {}
        found: dict[str, Item] = {}
        for key, value in _pairs(self.node):
            item = self._inside(value, key.start_mark.line + 1, f".{key.value}" if self.path else str(key.value))
            if str(key.value) in found:
                item.problem(f"stands here a second time (first on line {found[str(key.value)].line})")
            found.setdefault(str(key.value), item)
        return found

    def record(self, readers: Mapping[str, Callable[["Item"], Any]], required: Iterable[str] = ()) -> dict[str, Any]:
        """Read a mapping whose keys are known: each by its reader. Keys that begin with `x-` are free."""
        entries = self.entries()
        for key, item in entries.items():
            if key not in readers and not key.startswith("x-"):
                item.problem(f"unknown key{meant(key, readers)}")
        if isinstance(self.node, MappingNode) or self.is_null:
            for key in required:
                if key not in entries:
                    self.problem(f"{key} is missing")
        return {key: readers[key](item) for key, item in entries.items() if key in readers}

    def choice(self, words: Iterable[str]) -> str:
        """Read one of a few words."""
        words, text = list(words), self.text()
        if text and text not in words:
            self.problem(f"{text!r} is not one of {', '.join(words)}{meant(text, words)}")
        return text

    def without(self, key: str) -> "Item":
        """Give an empty mapping in the place of a key that is not there."""
        return self._inside(MappingNode("tag:yaml.org,2002:map", []), self.line, f".{key}")

    def at(self, path: Iterable[str | int]) -> "Item":
        """Give the place inside that a path leads to, or the nearest to it that there is."""
        item = self
        for step in path:
            inside = item._steps()
            if step not in inside:
                return item
            item = inside[step]
        return item

    def json(self) -> Json:
        """Read anything, by YAML 1.2: `no` and `on` are texts, `0777` is 777."""
        if isinstance(self.node, MappingNode):
            return {key: item.json() for key, item in self.entries().items()}
        if isinstance(self.node, SequenceNode):
            return [item.json() for item in self.items()]
        return self._scalar()

    @property
    def is_null(self) -> bool:
        """True for `null` and for nothing at all."""
        return self._tag() == "null"

    @property
    def is_mapping(self) -> bool:
        """True when it has entries of its own."""
        return isinstance(self.node, MappingNode)

    @property
    def is_text(self) -> bool:
        """True when it is one word or text."""
        return isinstance(self.node, ScalarNode) and not self.is_null

    def _steps(self) -> Mapping[str | int, "Item"]:
        if isinstance(self.node, MappingNode):
            return dict(self.entries().items())
        return dict(enumerate(self.items())) if isinstance(self.node, SequenceNode) else {}

    def _scalar(self) -> Json:
        value, tag = str(self.node.value), self._tag()
        if tag == "null":
            return None
        if tag == "bool":
            return value.lower() == "true"
        if tag == "int":
            return _number(value)
        if tag == "float" and not value.lstrip("+-").startswith((".i", ".I", ".n", ".N")):
            return float(value.replace("_", ""))
        return value

    def _tag(self) -> str:
        return str(self.node.tag).rpartition(":")[2] if isinstance(self.node, ScalarNode) else ""

    def _inside(self, node: Node, line: int, step: str) -> "Item":
        if self.path.count(".") + self.path.count("[") > _DEEPEST:
            raise RecursionError
        return replace(self, node=node, line=line, path=self.path + step)

    def _shape(self) -> str:
        if isinstance(self.node, ScalarNode):
            return "nothing" if self.is_null else repr(str(self.node.value))
        return "a list" if isinstance(self.node, SequenceNode) else "a mapping"


NAME = re.compile(r"[a-z][a-z0-9._-]{0,59}")
NAMING = "lower-case letters, digits, `-`, `_` and `.`, at most 60, a letter first"


def meant(word: str, known: Iterable[str]) -> str:
    """Give the nearest known word as the end of a sentence, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def parse(text: str, problems: Problems) -> Item | None:
    """Read the tree; notes a problem and gives nothing when it is no YAML or empty."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(mark.line + 1 if mark else 1, "", f"no YAML: {error.problem or error.context}")
        return None
    except YAMLError as error:
        problems.add(1, "", f"no YAML: {str(error).splitlines()[0]}")
        return None
    if node is None:
        problems.add(1, "", "the file is empty")
        return None
    return Item(node, node.start_mark.line + 1, "", problems)


def _pairs(node: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Give a mapping's own pairs, then those that `<<: *anchor` brings and that it does not have itself."""
    own = [(key, value) for key, value in node.value if not str(key.tag).endswith(":merge")]
    yield from own
    present = {str(key.value) for key, _ in own}
    for key, value in node.value:
        if str(key.tag).endswith(":merge"):
            for source in value.value if isinstance(value, SequenceNode) else [value]:
                if isinstance(source, MappingNode):
                    yield from ((k, v) for k, v in _pairs(source) if str(k.value) not in present)


def _number(text: str) -> int:
    plain = text.replace("_", "").lstrip("+")
    return int(plain, 0) if plain.lstrip("-").startswith(("0x", "0o")) else int(plain)
