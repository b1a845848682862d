import re

import pytest

from commands.book import book, verb_names
from commands.parser import Understood, parse
from commands.states import WORDS as STATES
from commands.texts import DEFAULT, LANGUAGES, PORTUGUESE, language_for, later, listing, phrase, several
from commands.usage import usage_lines, verb
from commands.words import Words
from storage.model.approval import Decision
from storage.model.run import Status, Trigger
from tests.commands.catalogs import CATALOG
from tests.languages.reading import HOW, catalog, said

WORDS = Words(CATALOG, verb_names())
FIELD = re.compile(r"\{(\w+)\}")
MARKUP = re.compile(r"[`*]")


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    spoken, translated = said(), {message.id: message for message in catalog() if message.id}
    missing = {message: str(path) for message, path in spoken.items() if message not in translated}
    assert missing == {}, HOW
    assert [message for message in translated if message not in spoken] == [], HOW
    assert [message for message, found in translated.items() if not all(_forms(found.string))] == [], HOW
    assert [message for message, found in translated.items() if found.fuzzy] == [], HOW
    assert not catalog().obsolete, HOW


def _forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ("",))


def test_a_translation_has_the_fields_and_the_markup_of_its_original() -> None:
    for message in catalog():
        for text in _forms(message.string) if message.id else ():
            original = _forms(message.id)[-1]
            assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(original)), message.id
            assert sorted(MARKUP.findall(text)) == sorted(MARKUP.findall(original)), message.id


def test_what_the_nouns_are_called_is_translated() -> None:
    for noun in (*Status, *Decision, *Trigger):
        assert noun.value in STATES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(book()))
def test_the_examples_and_verbs_that_help_shows_are_understood(name: str, language: str) -> None:
    command = book()[name]
    assert verb(command, language) in command.verbs
    for example in command.examples:
        parsed = parse(phrase(language, example), WORDS, language)
        assert isinstance(parsed, Understood), (example, parsed)
        assert parsed.command.name == name


def test_usage_shows_the_words_of_one_language_only() -> None:
    deploy, retry = book()["deploy"], book()["retry"]
    assert usage_lines(deploy, DEFAULT) == [
        (
            "deploy[!] <service>[@<ref>] [to|in|on|into] <environment> "
            "[with <pipeline>] [with <NAME=value>] [because <reason...>]"
        )
    ]
    assert usage_lines(deploy, PORTUGUESE) == [
        (
            "implantar[!] <serviço>[@<ref>] [para|pra|pro|em|no|na] <ambiente> "
            "[com <pipeline>] [com <NOME=valor>] [porque <motivo...>]"
        )
    ]
    assert usage_lines(retry, DEFAULT) == [
        "retry[!] <run> [again] [failed|all] [stage <stage>] [over <run>] [because <reason...>]",
        "retry <service> [[in|on|to] <environment>] [again]",
    ]
    assert usage_lines(retry, PORTUGUESE) == [
        (
            "repetir[!] <execução> [novamente] [falhas|tudo] [etapa <etapa>] [substituindo <execução>] "
            "[porque <motivo...>]"
        ),
        "repetir <serviço> [[em|no|na|para|pra] <ambiente>] [novamente]",
    ]
    scale, rollback = book()["scale"], book()["rollback"]
    assert "[pick|list] [because" in usage_lines(rollback, DEFAULT)[0]
    assert "[escolher|listar] [porque" in usage_lines(rollback, PORTUGUESE)[0]
    assert "[to] <count> [because" in usage_lines(scale, DEFAULT)[0]
    assert "[para|pra] <quantidade> [porque" in usage_lines(scale, PORTUGUESE)[0]


@pytest.mark.parametrize(
    ("count", "english", "portuguese"),
    [(1, "1 more stage", "Mais 1 etapa"), (2, "2 more stages", "Mais 2 etapas")],
)
def test_what_counts_has_the_right_number(count: int, english: str, portuguese: str) -> None:
    message = several("{count} more stage", "{count} more stages")
    assert phrase(DEFAULT, message, count=count) == english
    assert phrase(PORTUGUESE, message, count=count) == portuguese


def test_names_are_joined_as_the_language_does() -> None:
    assert listing(DEFAULT, ["a", "b", "c"]) == "a, b or c"
    assert listing(PORTUGUESE, ["a", "b", "c"]) == "a, b ou c"


def test_what_is_put_in_is_never_translated_nor_filled_in() -> None:
    text = phrase(PORTUGUESE, "Usage: `{usage}`", usage="{usage} Approve")
    assert text == "Uso: `{usage} Approve`"
    assert later("{usage}") == "{usage}"


@pytest.mark.parametrize(
    ("locale", "language"),
    [("pt-BR", PORTUGUESE), ("pt-PT", PORTUGUESE), ("en-GB", DEFAULT), ("en-US", DEFAULT)],
)
def test_a_locale_has_its_language(locale: str, language: str) -> None:
    assert {language_for(locale, default) for default in LANGUAGES} == {language}


def test_a_locale_that_nobody_speaks_has_the_default() -> None:
    assert [language_for(locale, PORTUGUESE) for locale in ("fr-FR", "", "x")] == [PORTUGUESE] * 3
