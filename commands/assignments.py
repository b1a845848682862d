"""Variables as they are said: `VERSION=1.2 NOTE="two words"`. What is written here is read back as the same."""

import re
from collections.abc import Mapping, Sequence

from commands.tokens import Token

_ASSIGNED = re.compile(r"""(?P<name>[A-Za-z0-9@_-]+)=(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"']+))""")
_ENDS = ".,;:!?"
"""What ends a sentence is no part of a value, unless that stands in quotes."""


def read(text: str) -> dict[str, str]:
    """Give the variables that a text assigns; of one that is assigned twice the last."""
    return {found["name"]: _value(found) for found in _ASSIGNED.finditer(text)}


def written(variables: Mapping[str, str]) -> str:
    """Write variables as they are said."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in variables.items())


def assigned_at(said: Sequence[Token], at: int, text: str) -> tuple[str, str, int] | None:
    """Find the assignment that begins at a word of `text`: name, value, and the word behind it."""
    found = None if said[at].quoted else _ASSIGNED.match(text, said[at].start)
    if found is None:
        return None
    end = at + 1
    while end < len(said) and found.start() < said[end].start < found.end():
        end += 1
    return found["name"], _value(found), end


def _value(found: re.Match[str]) -> str:
    if found["bare"] is None:
        return str(found["double"] if found["double"] is not None else found["single"])
    return found["bare"].rstrip(_ENDS)


def _quoted(value: str) -> str:
    """No value has both kinds of quotes: none can be said that has."""
    plain = _ASSIGNED.fullmatch(f"x={value}")
    if plain is not None and plain["bare"] == value == value.rstrip(_ENDS):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'
