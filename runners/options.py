"""Checking an action's options against what its kind knows."""

import difflib
from collections.abc import Callable, Mapping

from storage.model.catalog import Json

Check = Callable[[Json], str | None]
"""Says what a value should be, or `None` when it is all right."""


def problems(options: Mapping[str, Json], known: Mapping[str, Check], required: tuple[str, ...] = ()) -> list[str]:
    """Say what is wrong with the options: unknown names with the nearest known one, wrong values, missing ones."""
    found = [_unknown(name, known) for name in options if name not in known]
    for name, value in options.items():
        wanted = known[name](value) if name in known else None
        if wanted:
            found.append(f"option {name}: should be {wanted}, not {value!r}")
    found += [f"option {name} is missing" for name in required if name not in options]
    return found


def text(value: Json) -> str | None:
    """Any text that is not empty."""
    return None if isinstance(value, str) and value else "a text"


def flag(value: Json) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "true or false"


def count(value: Json) -> str | None:
    """A whole number, zero or more."""
    return None if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else "a whole number"


def seconds(value: Json) -> str | None:
    """A number of seconds, zero or more."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return None if right else "a number of seconds"


def memory(value: Json) -> str | None:
    """A size as Docker writes it: `512m`, `1g`, or bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    right = isinstance(value, str) and value[:-1].isdigit() and (value[-1].isdigit() or value[-1] in "bkmgBKMG")
    return None if right else "a size such as 512m"


def inside(value: Json) -> str | None:
    """A path inside the source: relative, going nowhere above it."""
    right = isinstance(value, str) and value and not value.startswith(("/", "-")) and ".." not in value.split("/")
    return None if right else "a path inside the source"


def variables(value: Json) -> str | None:
    """A mapping of names to plain values."""
    right = isinstance(value, dict) and all(isinstance(v, str | int | float) for v in value.values())
    return None if right else "a mapping of names to texts"


def names(value: Json) -> str | None:
    """A list of texts, none of them empty."""
    right = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    return None if right else "a list of texts"


def commands(value: Json) -> str | None:
    """One command as a list of words, or a list of such lists."""
    if isinstance(value, list) and value:
        lists = value if isinstance(value[0], list) else [value]
        if all(isinstance(c, list) and c and all(isinstance(word, str) for word in c) for c in lists):
            return None
    return 'a list of words such as ["pytest", "-q"], or a list of such lists'


def one_of(*names: str) -> Check:
    """One of a few words."""

    def check(value: Json) -> str | None:
        return None if value in names else "one of " + ", ".join(names)

    return check


def texts(value: Json) -> dict[str, str]:
    """Variables as the engine takes them: every value a text."""
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def words(value: Json) -> list[str]:
    """A list of texts as such; empty when there is none."""
    return [str(each) for each in value] if isinstance(value, list) else []


def _unknown(name: str, known: Mapping[str, Check]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"unknown option {name}" + (f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}")
