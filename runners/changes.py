"""How changes of infrastructure are said, whichever tool is to make them."""

from collections.abc import Mapping, Sequence

from storage.model.worded import worded

_SHOWN = 60
"""Changes that are kept for people to see; the log has all of them."""


def counted(name: str, *, add: int, change: int, replace: int, remove: int) -> str:
    """Say how much would change; `change` counts what is replaced too."""
    if not (add or change or remove):
        return worded("nothing to change in {stack}", stack=name)
    return worded(
        "{stack}: {add} to add, {change} to change ({replace} by replacement), {remove} to remove",
        stack=name,
        add=add,
        change=change,
        replace=replace,
        remove=remove,
    )


def shown(changes: Mapping[str, Sequence[str]]) -> list[str]:
    """Give the lines about each stack or directory, as many as people can read."""
    lines: list[str] = [
        worded("{stack}: {change}", stack=name, change=line) for name, each in changes.items() for line in each
    ]
    more = len(lines) - _SHOWN
    return lines if more <= 0 else [*lines[:_SHOWN], worded("and {count} more, in the log", count=more)]
