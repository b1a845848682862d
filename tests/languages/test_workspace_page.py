"""The local workspace's page speaks the language of whoever looks: its own words, beside what the bot says."""

import re
from itertools import chain

import pytest

from bot.workspace.page.drawing import Drawing
from bot.workspace.page.render.media import files
from bot.workspace.page.render.names import Names
from bot.workspace.page.words import SCRIPTS
from tests.languages.reading import PAGE, said_in, templates
from tests.page import gallery
from tests.page.markup import Reading

SAYING = re.compile(r"\b(?:say|counted)\(")
SAYS = re.compile(r'\b(?:say\(|words\[)"([^"]+)"')
CHOSEN = re.compile(r'say\([\w.]+ === \d \? "([^"]+)" : "([^"]+)"')
SPOKEN = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<kbd>.*?</kbd>|<script.*?</script>", re.DOTALL)
READ = re.compile(r'(?:aria-label|title|placeholder)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]{2,}")
SAME = {"APP", "Estiva", "status"}
"""What is the same in every language."""


def bare(template: str) -> set[str]:
    """The words of a template that nothing translates."""
    left = SPOKEN.sub(" ", template)
    shown = " ".join([*READ.findall(left), re.sub(r"<[^>]*>", " ", left)])
    return set(WORD.findall(shown)) - SAME


def test_every_word_of_the_templates_is_said() -> None:
    found = {path.name: bare(path.read_text()) for path in templates()}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "template", ["<p>Hello</p>", '<button aria-label="Close">x</button>', "<p>{{ a }} is here</p>"]
)
def test_a_word_that_is_not_said_is_found(template: str) -> None:
    assert bare(template)


def test_all_that_the_templates_say_is_found() -> None:
    """`say(name)` and `say("a" if b else "c")` would never be in the catalog."""
    for path in templates():
        assert len(list(said_in(path))) == len(SAYING.findall(path.read_text())), path.name


def test_what_the_scripts_say_is_in_the_catalog() -> None:
    sources = [path.read_text() for path in (PAGE / "static").glob("*.js")]
    found = chain.from_iterable((*SAYS.findall(source), *chain(*CHOSEN.findall(source))) for source in sources)
    assert set(found) == set(SCRIPTS)


@pytest.mark.parametrize(
    ("locale", "language", "shown"),
    [
        (
            "pt-BR",
            "pt-BR",
            (
                "Canais",
                "Mensagem para #deploys",
                "resposta",
                "Visível só para você",
                "Estiva está conectado",
                "concluídos",
            ),
        ),
        ("en-US", "en", ("Channels", "Message #deploys", "reply", "Only visible to you", "Estiva is connected")),
        ("fr-FR", "en", ("Channels",)),
    ],
)
def test_the_page_is_in_the_language_of_whoever_looks(locale: str, language: str, shown: tuple[str, ...]) -> None:
    state = {**gallery.STATE, "me": {**gallery.STATE["me"], "locale": locale}}
    page = Drawing(state, "v1").page("C0DEPLOYS", {"messages": gallery.MESSAGES}, "messages")
    reading = Reading(page.replace("<!doctype html>", ""))
    assert ("html", language) in [(name, attributes.get("lang")) for name, attributes in reading.elements]
    for words in shown:
        assert words in " ".join(page.split())


def test_a_file_is_shown_in_the_language_of_whoever_looks() -> None:
    drawn = files([{**gallery.FILE, "lines": 75}], Names(locale="pt-BR"))
    for word in ("75 linhas", "Prévia", "Baixar run-11-tests.log", "Abrir"):
        assert word in drawn
    assert not re.search(r"Preview|Download\b|lines|>Open", drawn.replace("?download", ""))
