"""What runs before a release, migrations above all, as the option `before` of a target says it.

A list of tasks, or one for each service by its name. A target may know more of a task than all do: see `checks`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runners import options
from runners.contract import Work
from runners.options import Check
from storage.model.catalog import Json

OPTION = "before"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WANTED = "a list such as [{name: migrate, command: [python, manage.py, migrate]}], each name once; or one per service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """One task: it runs in the image that is released, and has to end well before anything is touched."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str]
    """Besides those that the release itself gets; they win."""
    more: Mapping[str, str]
    """What only its target knows: `container`, `cpu`, `memory` on ECS."""


def checks(**more: Check) -> Check:
    """Give what says how such tasks should be written; `more` are the keys that the target knows besides."""

    def check(value: Json) -> str | None:
        lists = list(value.values()) if isinstance(value, dict) else [value]
        return None if lists and all(_is_list(each, more) for each in lists) else _WANTED

    return check


def tasks_of(value: Json, service: str) -> list[Before]:
    """Read what of a service the check finds nothing wrong with."""
    listed = value.get(service) if isinstance(value, dict) else value
    return [_read(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def due(work: Work, tasks: Sequence[Before]) -> Sequence[Before]:
    """Give those that are to run: what goes back, or only begins anew, has had them."""
    had = work.goes_back or work.restores or work.restarts or work.scales
    return () if had else tasks


def _is_list(value: Json, more: Mapping[str, Check]) -> bool:
    if not isinstance(value, list) or not value:
        return False
    names = [each.get("name") for each in value if isinstance(each, dict) and _is_right(each, more)]
    return len(set(names)) == len(value)


def _is_right(each: Mapping[str, Json], more: Mapping[str, Check]) -> bool:
    known: Mapping[str, Check] = {"name": _name, "command": _words, "variables": options.variables, **more}
    return not options.problems(each, known, required=("name", "command"))


def _name(value: Json) -> str | None:
    return None if isinstance(value, str) and _NAME.fullmatch(value) else "a short name"


def _words(value: Json) -> str | None:
    right = isinstance(value, list) and value and all(isinstance(word, str) for word in value)
    return None if right else "a list of words"


def _read(each: Mapping[str, Json]) -> Before:
    return Before(
        name=str(each["name"]),
        command=options.words(each["command"]),
        variables=options.texts(each.get("variables")),
        more={key: str(value) for key, value in each.items() if key not in ("name", "command", "variables")},
    )
