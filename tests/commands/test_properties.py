"""What holds for every message, whoever makes it up."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.answers import Unclear, Understood
from commands.book import book, verb_names
from commands.grammar import Part, compiled
from commands.parser import parse
from commands.printer import printed
from commands.texts import LANGUAGES
from commands.tokens import typed
from commands.words import Words
from tests.commands.catalogs import ODD, TEAM
from tests.commands.test_corpus import LINES, Line

WORDS = {"team": Words(TEAM, verb_names()), "odd": Words(ODD, verb_names())}
COMMANDS = sorted(book())
ACCEPTED = [line for line in LINES if line.outcome == "command" and line.user is None]
NOISE = (
    "zqx",
    "frobnicate",
    "42nd",
    "tomorrow",
    "não-sei",
    "qwerty/",
    "@@",
    "x" * 300,
    "\u202e\u05d0",
    "--zap",
    "zap=1",
)
REFS = ("main", "feature/login", "v1.2", "abc1234", "release/2026.11", "a+b", "x,y", "to", "api", "wip!", "it's")
REASONS = (
    "hotfix",
    "the tests are flaky!",
    "because",
    "please, no",
    "“smart” quotes",
    "a  b",
    "to production",
    "x --y z=1",
)

VOCABULARY = """
    deploy sobe rollback status logs cancel retry approve reject help history promote plan to in em pra of da from and e
    , api web worker checkout status@main api@v1 api/x homolog production dev qa prod-us deploy-3 api-12 api-2 the o
    please não not because reason: porque branch tag main v1.2 since 3d for 2h ? ! 'to' "api" zqx faz can you pode did
"""
spoken = st.sampled_from(VOCABULARY.split())
anything = st.text(max_size=200) | st.lists(spoken, max_size=12).map(" ".join)


def again(understood: Understood, words: Words, language: str) -> Mapping[str, object]:
    """What the printed command is read as, beside what it was."""
    text = printed(understood.command, understood.usage, understood.each, language)
    read = parse(text, words, language)
    assert isinstance(read, Understood), (text, understood.each, read)
    return {"text": text, "was": (understood.command.name, understood.each), "is": (read.command.name, read.each)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line", ACCEPTED, ids=[line.message for line in ACCEPTED])
def test_what_people_say_is_itself_when_printed_and_read_again(line: Line, language: str) -> None:
    words = Words(line.catalog, verb_names())
    understood = parse(typed(line.message), words)
    assert isinstance(understood, Understood)
    seen = again(understood, words, language)
    assert seen["is"] == seen["was"], seen


@given(anything, st.sampled_from(sorted(WORDS)), st.sampled_from(LANGUAGES))
@settings(max_examples=400, deadline=None)
@example("deploy to to dev", "odd", "pt_BR")
@example("reject api-12 because because", "team", "en")
def test_any_command_is_itself_when_printed_and_read_again(text: str, catalog: str, language: str) -> None:
    understood = parse(text, WORDS[catalog], language)
    if isinstance(understood, Understood):
        seen = again(understood, WORDS[catalog], language)
        assert seen["is"] == seen["was"], seen


@st.composite
def orders(draw: st.DrawFn) -> tuple[str, dict[str, str], str, str]:
    """A usage line filled in and said in any order: (command, arguments, message, catalog)."""
    catalog = draw(st.sampled_from(sorted(WORDS)))
    name = draw(st.sampled_from(COMMANDS))
    usage = compiled(draw(st.sampled_from(book()[name].usage)))
    arguments: dict[str, str] = {}
    said, last = [], ""
    for part in usage.parts:
        if part.slot is None:
            said += [part.words[0]] if part.needed else []
        elif part.needed or (part.slot.kind not in ("ref", "plain_ref") and draw(st.booleans())):
            words = draw(_words(part, WORDS[catalog], arguments))
            if part.slot.rest:
                last = words
            else:
                said.append(words)
    same = [part.slot.kind for part in usage.parts if part.slot and part.needed]
    shuffled = draw(st.permutations(said)) if len(set(same)) == len(same) else said
    verb = draw(st.sampled_from([verb for verb in book()[name].verbs if verb not in book()[name].loose]))
    return name, arguments, " ".join(filter(None, [verb, *shuffled, last])), catalog


@st.composite
def _words(draw: st.DrawFn, part: Part, words: Words, arguments: dict[str, str]) -> str:
    slot = part.slot
    assert slot is not None
    value = draw(_values(slot.kind, words) if not slot.rest else st.sampled_from(("hotfix", "it is late")))
    if slot.kind == "target":
        arguments["service"] = value
    else:
        arguments[slot.name] = value
    needs = part.marked or slot.rest or slot.kind in ("since", "person")
    return f"{part.words[0]} {value}" if part.words and (needs or draw(st.booleans())) else value


SAMPLES = "api-12 api-2-7 web-3 3 123456 2h 3d 10m 2026-03-31 build image all default help logs UANA <@URUI> main"
ODD_NAMES = frozenset({"to", "and", "now", "branch", "status", "deploy", "rollback"})
"""Names that mean something else in some of the places where they are said; the corpus has them."""


def _values(kind: str, words: Words) -> st.SearchStrategy[str]:
    """Some words that are of a kind."""
    if "|" in kind:
        return st.sampled_from(kind.split("|"))
    if kind == "variables":
        return st.sampled_from(("REGION=eu-1", "FLAG=on NOTE='two words'"))
    names = [name for name in words.services() if name not in ODD_NAMES]
    known = [sample for sample in (*names, *words.environments(), *SAMPLES.split()) if words.read(kind, sample)]
    assert known, f"SAMPLES has no {kind}"
    return st.sampled_from(known)


@given(orders())
@settings(max_examples=400, deadline=None)
@example(("who", {"released": "deploy", "service": "homolog"}, "who deploy homolog", "odd"))
@example(("who", {"released": "release", "service": "homolog"}, "who homolog release", "odd"))
@example(("queue", {"service": "rollback"}, "what is in the queue rollback", "odd"))
def test_a_command_may_be_said_in_any_order(order: tuple[str, dict[str, str], str, str]) -> None:
    name, arguments, message, catalog = order
    read = parse(message, WORDS[catalog])
    if isinstance(read, Unclear) and read.text.startswith("I am not sure"):
        return  # two readings, and it is asked which
    assert isinstance(read, Understood), (message, read)
    assert read.command.name == name, message
    assert set(read.arguments) >= set(arguments), message
    for slot, value in arguments.items():
        expected = value.replace("'", '"') if slot == "variables" else value.strip("<@>")
        assert read.arguments[slot].casefold() == expected.casefold(), message


@given(st.sampled_from(ACCEPTED), st.sampled_from(NOISE), st.data())
@settings(max_examples=400, deadline=None)
def test_a_word_that_nobody_knows_is_never_passed_over(line: Line, noise: str, data: st.DataObject) -> None:
    message: str = line.message
    words = message.split()
    at = data.draw(st.integers(0, len(words)))
    told = " ".join([*words[:at], noise, *words[at:]])
    read = parse(told, Words(line.catalog, verb_names()))
    if isinstance(read, Understood):
        kept = [value for arguments in read.each for value in arguments.values()]
        assert any(noise in value for value in kept), (told, read.each)  # as a ref, a reason, words to look for


@given(anything, st.sampled_from(sorted(WORDS)))
@settings(max_examples=300, deadline=None)
def test_every_argument_was_said(text: str, catalog: str) -> None:
    """No service, environment, run or ref comes from anywhere but the message."""
    words = WORDS[catalog]
    read = parse(text, words)
    if not isinstance(read, Understood):
        return
    names = {alias: name for table in (words._services, words._environments) for alias, name in table.items()}  # noqa: SLF001
    for arguments in read.each:
        for name in ("service", "environment"):
            if name in arguments:
                assert any(alias in text.casefold() for alias, known in names.items() if known == arguments[name])
        assert arguments.get("ref", "") in text


@given(anything, st.sampled_from(sorted(WORDS)))
@settings(max_examples=300, deadline=None)
@example("BECAUSE THE 0 DEPLOY", "odd")
def test_every_offer_leads_on(text: str, catalog: str) -> None:
    """A button is a command, or the next question on the way to one."""
    read = parse(text, WORDS[catalog])
    for offer in read.offers if isinstance(read, Unclear) else ():
        answer = parse(offer.command, WORDS[catalog])
        assert isinstance(answer, Understood | Unclear), (text, offer.command)
        assert isinstance(answer, Understood) or answer.command, (text, offer.command)


ACTING = [line for line in ACCEPTED if not book()[line.command or ""].reads]
PERSONAL = [line for line in ACTING if book()[line.command or ""].personal]
REFUSING = ("not", "never", "don't", "não", "nunca", "nem", "❌", ":no_entry:", "no")
SAID_TO_OTHERS = ("<@U0RUI>", "can someone", "alguém pode", "can you", "vc", "everyone", "pessoal", "would you")
REPORTING = ("doing", "indo", "✅", ":tada:")


def put(line: Line, extra: str, at: int) -> str:
    """A message with words put before one of its own, not into somebody's reason nor into what is quoted."""
    words = line.message.split()
    reason = next((n for n, word in enumerate(words) if n and word.casefold().rstrip(":") in REASON_WORDS), len(words))
    place = min(at, reason)
    while (before := " ".join(words[:place])).count("“") > before.count("”"):
        place -= 1
    return " ".join([*words[:place], extra, *words[place:]])


REASON_WORDS = ("because", "porque", "reason", "motivo")
plain = st.sampled_from([line for line in ACTING if "reason" not in line.arguments or "because" in line.message])


@given(plain, st.sampled_from(REFUSING), st.integers(0, 8))
@settings(max_examples=400, deadline=None)
def test_no_sentence_with_a_no_is_a_command(line: Line, refusal: str, at: int) -> None:
    words = Words(line.catalog, verb_names())
    told = put(line, refusal, at)
    behind = told.partition(f"{refusal} ")[2].split()
    leads = behind and any(words.read("environment", word.strip(".,:!")) for word in behind[:4])
    if refusal == "no" and leads:
        return  # `no homolog` is where
    assert not isinstance(parse(told, words), Understood), told


@given(st.sampled_from(PERSONAL), st.sampled_from(SAID_TO_OTHERS), st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_nobody_decides_by_what_is_said_to_others(line: Line, said: str, at: int) -> None:
    told = put(line, said, at)
    assert not isinstance(parse(told, Words(line.catalog, verb_names())), Understood), told


@given(plain, st.sampled_from(REPORTING), st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_a_report_is_no_command(line: Line, sign: str, at: int) -> None:
    told = put(line, sign, at)
    assert not isinstance(parse(told, Words(line.catalog, verb_names())), Understood), told
