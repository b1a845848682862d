"""What docs/language.md says of messages is what becomes of them."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.parse import read_message
from commands.answers import Unclear
from commands.book import verb_names
from commands.parser import parse
from commands.words import Words
from tests.commands.catalogs import TEAM
from tests.commands.test_corpus import meant

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text()
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)
OPTIONS = {"since", "duration"}


def rows(*, commands: bool) -> Iterator[tuple[str, str]]:
    for message, answer in ROW.findall(PAGE.partition("## `estiva parse`")[0]):
        if answer.startswith(("asks", "nothing")) is not commands:
            yield message, answer


@pytest.mark.parametrize(("message", "answer"), list(rows(commands=True)))
def test_a_message_of_the_page_is_the_command_beside_it(message: str, answer: str) -> None:
    command, _, arguments = answer.partition(" ")
    named = [f"options.{word}" if word.split("=")[0] in OPTIONS else word for word in shlex.split(arguments)]
    read = read_message(message, TEAM)
    assert (read["command"], read["arguments"]) == (command, meant(shlex.join(named)))


@pytest.mark.parametrize(("message", "answer"), list(rows(commands=False)))
def test_a_message_of_the_page_starts_nothing_and_offers_what_is_said(message: str, answer: str) -> None:
    assert read_message(message, TEAM)["outcome"] == ("ask" if answer.startswith("asks") else "ignored")
    parsed = parse(message, Words(TEAM, verb_names()))
    offered = [offer.command for offer in parsed.offers] if isinstance(parsed, Unclear) else []
    for command in re.findall(r"offers `([^`]+)`", answer):
        assert command in offered


def test_the_answer_in_the_page_is_what_is_printed() -> None:
    shown = re.search(r"```json\n(.+)\n```", PAGE)
    assert shown
    assert json.loads(shown[1]) == read_message("deploy api@main to homolog", TEAM)


def test_the_page_has_examples() -> None:
    assert len(list(rows(commands=True))) > 20
    assert len(list(rows(commands=False))) > 10
