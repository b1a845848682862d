"""Texts of a buildspec in which variables stand: the container's shell reads some, the others are only filled in."""

import re
from collections.abc import Mapping

STATE = "/run/codebuild"
"""Inside the container, in memory: the saved environment holds secrets."""
_NAMES = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_END = "ESTIVA-END-OF-TEXT"


def names_in(text: str) -> list[str]:
    """List the variables that stand in a path."""
    return _NAMES.findall(text)


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Put the last values of variables into a path; an unknown one is empty."""
    return _NAMES.sub(lambda found: values.get(found[1], ""), text)


def filled(text: str) -> str:
    """Write the script that prints a path with its variables filled in, as `expanded` does, and reads nothing else."""
    literals = _NAMES.split(text.replace("\n", ""))  # between them are the names
    pieces = [f"${{{each}}}" if n % 2 else re.sub(r"[\\$`]", r"\\\g<0>", each) for n, each in enumerate(literals)]
    return spoken("".join(pieces))


def spoken(text: str) -> str:
    """Write the script that prints a text as the shell of the build reads it."""
    return f". {STATE}/env\ncat <<{_END}\n{text}\n{_END}\n"
