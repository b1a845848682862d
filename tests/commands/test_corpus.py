"""Several hundred messages as people write them, in both languages and over two catalogs."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.cli.parse import read_message
from storage.model.catalog import Catalog
from tests.commands.catalogs import ODD, TEAM

CATALOGS = {"@team": TEAM, "@odd": ODD}
SPEAKER = re.compile(r"(U[A-Z]{3}): ")


@dataclass(frozen=True)
class Line:
    """One line of the corpus."""

    outcome: str
    command: str | None
    arguments: dict[str, Any]
    message: str
    user: str | None
    catalog: Catalog = field(repr=False)


def corpus() -> Iterator[Line]:
    catalog = TEAM
    for line in (Path(__file__).parent / "corpus.tsv").read_text().splitlines():
        if line in CATALOGS:
            catalog = CATALOGS[line]
        elif line and not line.startswith("#"):
            outcome, command, arguments, message = line.split("\t")
            speaker = SPEAKER.match(message)
            user, message = (speaker[1], message[speaker.end() :]) if speaker else (None, message)
            yield Line(outcome, command or None, meant(arguments), message, user, catalog)


def meant(arguments: str) -> dict[str, Any]:
    """`service=api,web options.since=3d` as the parser gives it."""
    found: dict[str, Any] = {}
    for argument in shlex.split(arguments):
        name, _, value = argument.partition("=")
        given: object = value.split(",") if "," in value and name != "reason" else value
        if name == "force":
            given = value == "true"
        if name.startswith("options."):
            found.setdefault("options", {})[name.removeprefix("options.")] = given
        else:
            found[name] = given
    return found


LINES = list(corpus())


@pytest.mark.parametrize("line", LINES, ids=[line.message for line in LINES])
def test_a_message_is_read_as_it_was_meant(line: Line) -> None:
    read = read_message(line.message, line.catalog, line.user)
    assert (read["outcome"], read["command"], read["arguments"]) == (line.outcome, line.command, line.arguments), read


def test_the_corpus_is_large_and_says_everything_once() -> None:
    assert len(LINES) > 300
    assert len({(id(line.catalog), line.user, line.message) for line in LINES}) == len(LINES)
