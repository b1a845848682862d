"""What people, logs and repositories write, chosen so that whoever reads it takes long, breaks, or is fooled."""

import time
from collections.abc import Callable

import pytest

from bot.slack.inbound import run_of, said
from bot.slack.marks import clean, code, code_block, escape
from commands.book import verb_names
from commands.parser import Unclear, Understood, parse
from commands.tokens import tidy
from commands.words import Words
from runners.excerpt import excerpt_of
from storage.redact import Redactor
from tests.commands.catalogs import CATALOG

WORDS = Words(CATALOG, verb_names())
_REDACTOR = Redactor(["hunter2secret"])


def _seconds(work: Callable[[], object]) -> float:
    """CPU time of the fastest of three: other programs share this machine."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def noise(length: int) -> dict[str, str]:
    """Messages of about that many characters, each of another shape."""
    shapes = {
        "one word": "a",
        "words": "ab ",
        "other words": "zqx frob wumpus ",
        "a verb and words": "deploy|ab ",
        "a verb and names": "deploy|hello ",
        "names and no verb": "hello homolog ",
        "verbs": "deploy ",
        "little words": "please the to in of ",
        "names joined": "deploy hello|, hello",
        "a rest": "reject hello-1 because|ab ",
        "dashes": "deploy|-",
        "runs": "approve|1-",
        "digits": "approve hello-|9",
        "ats": "deploy hello|@",
        "slashes": "approve hello-1|/",
        "commas": "deploy hello|,",
        "equals": "deploy|a=",
        "links": "|<http://",
        "links with names": "|<http://a|",
        "channels": "|<#C1|a",
        "code": "|`a",
        "quotes": "|\u201c",
        "apostrophes": "deploy|'a ",
        "marks over a letter": "deploy a|\u0301",
        "right to left": "|deploy \u202ehello\u202c to homolog",
        "zero width": "|deploy\u200b hello\u200d to homolog ",
        "brackets": "|<",
        "near misses": "depoly|hellp homologg ",
        "not": "|not ",
        "smileys": "|:a:",
        "who may": "|quem pode ",
    }
    made = {}
    for name, shape in shapes.items():
        begun, bar, repeated = shape.partition("|")
        first, again = (f"{begun} ", repeated) if bar and begun else ("", repeated or begun)
        made[name] = (first + again * (length // len(again)))[:length]
    return made


_NOISE = noise(10_000)


@pytest.mark.parametrize("name", _NOISE)
def test_ten_thousand_characters_of_noise_are_read_at_once(name: str) -> None:
    parse(_NOISE[name], WORDS)  # what is compiled once is compiled now
    assert _seconds(lambda: parse(_NOISE[name], WORDS)) < 0.03


@pytest.mark.parametrize("text", ["!" * 40_000, "<@" * 20_000, "a-" * 20_000, "-1" * 20_000])
def test_a_shortcut_on_any_message_is_read_at_once(text: str) -> None:
    assert _seconds(lambda: run_of({"text": text})) < 0.02


@pytest.mark.parametrize("text", ["<@UBOT|" * 5_700, "<a|" * 13_300, "&amp;lt;" * 5_000])
def test_the_longest_message_is_unescaped_at_once(text: str) -> None:
    assert _seconds(lambda: said(text, "UBOT")) < 0.05
    assert _seconds(lambda: tidy(said(text, "UBOT"))) < 0.1


@pytest.mark.parametrize(
    "line",
    [
        "password=" + "." * 16_000 + "a",
        "password=" + "*x" * 8_000 + "a",
        "-eyJaaaaaaaa" * 1_300,
        "://" + "a" * 16_000,
        ("://" + "a" * 199) * 80,
        "token='" * 2_300,
        "key" + "." * 16_000,
        "-----BEGIN " * 1_500,
        "Bearer " * 2_300,
    ],
)
def test_no_line_of_a_log_is_slow_to_mask(line: str) -> None:
    assert _seconds(lambda: _REDACTOR.redact(line)) < 0.1


def test_no_line_of_a_log_is_slow_to_quote() -> None:
    assert _seconds(lambda: excerpt_of(["\x1b]" * 8_000] * 20)) < 0.2


@pytest.mark.parametrize("digits", ["9" * 13, "9" * 5_000, "\u0663" * 20])
@pytest.mark.parametrize("message", ["approve hello-{}", "cancel hello-{}", "logs hello-{}", "retry #hello-{}"])
def test_a_number_that_is_none_is_asked_about(message: str, digits: str) -> None:
    assert isinstance(parse(message.format(digits), WORDS), Unclear)


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\x00", "\x1b[2K", "\u00ad", "\ufeff"])
def test_what_cannot_be_seen_is_no_part_of_a_command(hidden: str) -> None:
    """What people read in the channel is what is done, or nothing is."""
    for message in (f"depl{hidden}oy hello to homolog", f"deploy hel{hidden}lo to homolog"):
        assert not isinstance(parse(message, WORDS), Understood)
    assert not isinstance(parse(f"deploy hello to prod{hidden}uction", WORDS), Understood)


@pytest.mark.parametrize(
    "hostile", ["<!channel>", "<@UANA>", "<https://evil.example|hello>", "</code>", "&lt;!here&gt;", "<!subteam^S1>"]
)
def test_no_foreign_text_becomes_markup(hostile: str) -> None:
    for shown in (escape(hostile), code(hostile), code_block([hostile])):
        assert "<" not in shown
        assert ">" not in shown
        assert "&lt;!here" not in shown


@pytest.mark.parametrize("hostile", ["```\nfree", "``\x00`", "`a` b", "`" * 7, "``", "\u202e```"])
def test_no_foreign_text_leaves_its_code(hostile: str) -> None:
    assert code_block([hostile, hostile])[3:-3].count("```") == 0
    assert code(hostile)[1:-1].count("`") == 0


def test_controls_of_a_terminal_are_taken_out() -> None:
    for hostile in ("\x1b]0;owned\x07", "\x9b2J", "\x08", "\r", "\x85", "\u202e"):
        assert clean(f"a{hostile}b").count("\ufffd") >= 1
