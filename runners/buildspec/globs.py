"""Patterns of paths: `**` crosses slashes, `*` and `?` do not."""

import re


class Glob:
    """A pattern, tried on paths here.

    Walked in step with the name and never back: patterns are the repository's words, and a regular expression made of
    some would be tried for years, with the whole process standing still.
    """

    def __init__(self, pattern: str) -> None:
        """Take the pattern apart."""
        self._pieces = [piece for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern) if piece]

    def fits(self, name: str) -> bool:
        """Tell whether the whole of a path fits."""
        places = {0}
        for piece in self._pieces:
            places = _after(piece, name, places)
            if not places:
                return False
        return len(name) in places


def _after(piece: str, name: str, places: set[int]) -> set[int]:
    """Give the places that can be reached from `places` by one piece of a pattern."""
    match piece:
        case "**/":
            first = min(places)
            return places | {n + 1 for n in range(first, len(name)) if name[n] == "/"}
        case "**":
            return set(range(min(places), len(name) + 1))
        case "*":
            return _within(name, places)
        case "?":
            return {n + 1 for n in places if n < len(name) and name[n] != "/"}
        case _:
            return {n + len(piece) for n in places if name.startswith(piece, n)}


def _within(name: str, places: set[int]) -> set[int]:
    """Give each of the places, and all from there to the next slash."""
    reached: set[int] = set()
    on = False
    for n in range(min(places), len(name) + 1):
        on = n in places or (on and name[n - 1] != "/")
        if on:
            reached.add(n)
    return reached


def prefix_of(pattern: str) -> str:
    """Give the part of a pattern before its first wildcard, whole directories only: where one has to look at all."""
    fixed = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return pattern if fixed == pattern else fixed.rpartition("/")[0]


def extended(pattern: str) -> str:
    """Write a pattern as an extended regular expression, for `grep -E` in the container."""
    pieces = [piece for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern) if piece]
    return "".join(_EXTENDED.get(piece, re.sub(r"[.\[\]^$+(){}|\\]", r"\\\g<0>", piece)) for piece in pieces)


_EXTENDED = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
