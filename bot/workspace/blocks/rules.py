"""The words in which Block Kit's rules are written: small checks that compose."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias


class Faults:
    """All that is wrong with a surface, worded and pointed at as Slack does."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, at: str, sentence: str) -> None:
        """Note one fault at a JSON pointer."""
        self.messages.append(f"[ERROR] {sentence} [json-pointer:{at}]")

    def __bool__(self) -> bool:
        return bool(self.messages)


Rule: TypeAlias = Callable[[Faults, str, Any], None]
"""Checks a value found at a JSON pointer and adds what is wrong."""


def text(most: int, least: int = 1) -> Rule:
    """Accept a string of `least` to `most` characters."""

    def check(faults: Faults, at: str, value: Any) -> None:
        if not isinstance(value, str):
            faults.add(at, "must be a string")
        elif len(value) > most:
            faults.add(at, f"must be less than {most + 1} characters")
        elif len(value) < least:
            faults.add(at, f"must be more than {least - 1} characters")

    return check


def boolean(faults: Faults, at: str, value: Any) -> None:
    """Accept true and false."""
    if not isinstance(value, bool):
        faults.add(at, "must be a boolean")


def integer(faults: Faults, at: str, value: Any) -> None:
    """Accept a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        faults.add(at, "must be an integer")


def number(faults: Faults, at: str, value: Any) -> None:
    """Accept a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        faults.add(at, "must be a number")


def anything(faults: Faults, at: str, value: Any) -> None:
    """Accept whatever is there."""


def one_of(*allowed: str) -> Rule:
    """Accept one of a few words."""

    def check(faults: Faults, at: str, value: Any) -> None:
        if value not in allowed:
            faults.add(at, f"must be a valid enum value: {', '.join(allowed)}")

    return check


def url(most: int = 3000) -> Rule:
    """Accept an absolute web or mail address."""
    length = text(most)

    def check(faults: Faults, at: str, value: Any) -> None:
        length(faults, at, value)
        if isinstance(value, str) and not value.startswith(("http://", "https://", "mailto:", "slack://", "tel:")):
            faults.add(at, "must be a valid URL")

    return check


def many(item: Rule, most: int, least: int = 1) -> Rule:
    """Accept a list of `least` to `most` items."""

    def check(faults: Faults, at: str, value: Any) -> None:
        if not isinstance(value, list):
            faults.add(at, "must be an array")
            return
        if len(value) > most:
            faults.add(at, f"no more than {most} items allowed")
        if len(value) < least:
            faults.add(at, f"must have at least {least} item{'s' if least > 1 else ''}")
        for index, each in enumerate(value):
            item(faults, f"{at}/{index}", each)

    return check


def shape(needed: Mapping[str, Rule], allowed: Mapping[str, Rule] | None = None) -> Rule:
    """Accept an object with all `needed` fields, some `allowed` ones, and no others (`type` is checked elsewhere)."""
    fields = {**needed, **(allowed or {})}

    def check(faults: Faults, at: str, value: Any) -> None:
        if not isinstance(value, dict):
            faults.add(at, "must be an object")
            return
        for name in needed:
            if value.get(name) is None:
                faults.add(at, f"missing required field: {name}")
        for name, inner in value.items():
            if name in fields:
                if inner is not None:
                    fields[name](faults, f"{at}/{name}", inner)
            elif name != "type":
                faults.add(at, f"invalid additional property: {name}")

    return check


def kinds(table: Mapping[str, Rule], only: Collection[str] | None = None) -> Rule:
    """Accept an object whose `type` is in `table` (and in `only`), by the rule of that type."""

    def check(faults: Faults, at: str, value: Any) -> None:
        if not isinstance(value, dict):
            faults.add(at, "must be an object")
            return
        kind = value.get("type")
        if kind is None:
            faults.add(at, "missing required field: type")
        elif kind not in table or (only is not None and kind not in only):
            faults.add(f"{at}/type", f"unsupported type: {kind}")
        else:
            table[kind](faults, at, value)

    return check


def both(*rules: Rule) -> Rule:
    """Accept what all of `rules` accept."""

    def check(faults: Faults, at: str, value: Any) -> None:
        for rule in rules:
            rule(faults, at, value)

    return check


def any_field(*names: str) -> Rule:
    """Demand that at least one of some fields is there."""

    def check(faults: Faults, at: str, value: Any) -> None:
        if isinstance(value, dict) and all(value.get(name) is None for name in names):
            faults.add(at, f"must define at least one of: {', '.join(names)}")

    return check


def unique(field: str) -> Rule:
    """Demand that no two items of a list have the same `field`."""

    def check(faults: Faults, at: str, value: Any) -> None:
        seen: set[str] = set()
        for index, each in enumerate(value if isinstance(value, list) else ()):
            name = each.get(field) if isinstance(each, dict) else None
            if name is None:
                continue
            if name in seen:
                faults.add(f"{at}/{index}/{field}", f"`{field}` must be unique: {name} is there twice")
            seen.add(str(name))

    return check
