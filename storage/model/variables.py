"""`#{build/image.IMAGE_DIGEST}` in an action's options: what earlier actions made, named where it is needed.

`#{action.NAME}` or `#{stage/action.NAME}` is a variable of an action that ran before; `#{run.ID}`, `#{run.REF}`,
`#{run.REQUESTER}` and `#{environment.NAME}` are of the run itself. `##{` is `#{` itself. One pass: a value is data, and
is never looked into again.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from storage.model.catalog import Action, Json, Stage

RUN, ENVIRONMENT = "run", "environment"
OF_THE_RUN = {RUN: ("ID", "REF", "REQUESTER"), ENVIRONMENT: ("NAME",)}
"""Source -> its names: what every run has. An action called `run` is named with its stage."""

Path = tuple[str | int, ...]
"""Where in an action a text stands: `("with", "run", 2)`."""

_MARK = re.compile(r"##\{|#\{([^{}]*)(\}?)")
_REFERENCE = re.compile(r"(?P<source>(?:[a-z][a-z0-9._-]*/)?[a-z][a-z0-9._-]*)\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)")


class NoReference(ValueError):  # noqa: N818 - says what the text is
    """The text after a `#{` names nothing."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One `#{source.NAME}`."""

    source: str
    """`image`, `build/image`, `run` or `environment`."""
    name: str

    def __str__(self) -> str:
        """Give it as it is written."""
        return f"#{{{self.source}.{self.name}}}"


Lookup = Callable[[Reference], str]


def fill(value: Json, lookup: Lookup) -> Json:
    """Give the options with every reference replaced by what `lookup` says. Raises `NoReference`."""
    if isinstance(value, str):
        return "".join(part if isinstance(part, str) else lookup(_sure(part)) for part in parts(value))
    if isinstance(value, dict):
        return {key: fill(each, lookup) for key, each in value.items()}
    return [fill(each, lookup) for each in value] if isinstance(value, list) else value


def parts(text: str) -> Iterator[str | Reference | NoReference]:
    """Cut a text into what stands as it is and references; a `#{` that is neither gives what is wrong with it."""
    at = 0
    for mark in _MARK.finditer(text):
        yield text[at : mark.start()]
        yield "#{" if mark[0] == "##{" else _reference(mark)
        at = mark.end()
    yield text[at:]


def texts(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Give every text in the options with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from texts(each, (*path, number))


def named(stages: Sequence[Stage], source: str) -> list[tuple[Stage, Action]]:
    """List the actions that a reference may mean, in the order of the pipeline."""
    stage_name, _, name = source.rpartition("/")
    return [
        (stage, action)
        for stage in stages
        for action in stage.actions
        if action.name == name and stage_name in ("", stage.name)
    ]


def is_before(stages: Sequence[Stage], one: tuple[Stage, Action], other: tuple[Stage, Action]) -> bool:
    """Tell whether one action has ended before the other begins."""
    names = [stage.name for stage in stages]
    first, second = names.index(one[0].name), names.index(other[0].name)
    return first < second or (first == second and one[1].run_order < other[1].run_order)


def place(stage: Stage, action: Action) -> str:
    """Name an action beyond doubt: `build/image`."""
    return f"{stage.name}/{action.name}"


def _reference(mark: re.Match[str]) -> Reference | NoReference:
    found = _REFERENCE.fullmatch(mark[1]) if mark[2] else None
    if found is None:
        return NoReference(
            f"{mark[0]!r} names no variable: write #{{action.NAME}} or #{{stage/action.NAME}}, "
            "and ##{ for what should stay as it is"
        )
    return Reference(found["source"], found["name"])


def _sure(part: Reference | NoReference) -> Reference:
    if isinstance(part, NoReference):
        raise part
    return part
