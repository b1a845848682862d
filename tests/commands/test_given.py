"""Variables of a pipeline that are given in chat: what is read as one, and that an offer says the same again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.assignments import read, written
from commands.book import verb_names
from commands.parser import Understood, parse
from commands.printer import printed
from commands.tokens import tidy
from commands.words import Words
from storage.model.catalog import Environment
from tests.commands.catalogs import CATALOG

EUROPE = Environment(name="europe", target="codepipeline", options={"from_chat": ["VERSION", "FLAG", "note-1"]})
WORDS = Words(replace(CATALOG, environments={**CATALOG.environments, "europe": EUROPE}), verb_names())
HELLO = {"service": "hello", "environment": "europe"}


@pytest.mark.parametrize(
    ("said", "variables"),
    [
        ("deploy hello to europe with VERSION=1.2 FLAG=on", "VERSION=1.2 FLAG=on"),
        ("deploy hello to europe VERSION=1.2", "VERSION=1.2"),
        ("deploy hello FLAG=1 to europe VERSION=2", "FLAG=1 VERSION=2"),
        ("deploy hello to europe with VERSION=1.2, FLAG=on.", "VERSION=1.2 FLAG=on"),
        ("deploy hello to europe with variables FLAG='a b' and VERSION=2", 'FLAG="a b" VERSION=2'),
        ('deploy hello to europe with FLAG="it\'s late."', 'FLAG="it\'s late."'),
        ("deploy hello to europe with FLAG=a,b,c", "FLAG=a,b,c"),
        ("deploy hello to europe with FLAG=no", "FLAG=no"),
        ("deploy hello to europe with FLAG=never", "FLAG=never"),
        ("deploy hello to europe flag=on", "FLAG=on"),
        ("deploy hello to europe NOBODY_KNOWS=1", "NOBODY_KNOWS=1"),
        ("implantar hello em europe com VERSION=1.2 e FLAG=não", "VERSION=1.2 FLAG=não"),
        ("promote hello to europe note-1=x", "note-1=x"),
        ("plan hello to europe with FLAG=on", "FLAG=on"),
    ],
)
def test_what_is_said_is_given(said: str, variables: str) -> None:
    found = parse(said, WORDS)
    assert isinstance(found, Understood), found
    assert found.arguments == {**HELLO, "variables": variables}


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("deploy hello to europe version=1.2", {**HELLO, "ref": "1.2"}),
        ("deploy hello ENV=europe", HELLO),
        ("deploy hello to europe because FLAG=on is needed", {**HELLO, "reason": "FLAG=on is needed"}),
        (
            "deploy hello@main to europe with default FLAG=on because it is late",
            {**HELLO, "ref": "main", "pipeline": "default", "variables": "FLAG=on", "reason": "it is late"},
        ),
    ],
)
def test_what_names_something_else_is_none(said: str, arguments: dict[str, str]) -> None:
    found = parse(said, WORDS)
    assert isinstance(found, Understood), found
    assert found.arguments == arguments


@pytest.mark.parametrize("said", ["deploy hello to europe bogus=1", "deploy hello to europe FLAG=1 FLAG=2"])
def test_what_is_unclear_is_asked_back(said: str) -> None:
    assert not isinstance(parse(said, WORDS), Understood)


LETTERS = st.characters(exclude_categories=("C", "Z", "M"), exclude_characters="`")
VALUES = st.text(LETTERS, min_size=1).map(tidy).filter(lambda value: value and not {"'", '"'} <= set(value))


@given(st.dictionaries(st.sampled_from(("VERSION", "FLAG")), VALUES, min_size=1))
def test_what_is_written_is_read_as_the_same(variables: dict[str, str]) -> None:
    assert read(written(variables)) == variables
    found = parse(f"deploy hello to europe with {written(variables)}", WORDS)
    assert isinstance(found, Understood), found
    assert read(found.arguments["variables"]) == variables
    again = parse(printed(found.command, found.usage, found.each), WORDS)
    assert isinstance(again, Understood), again
    assert again.each == found.each
