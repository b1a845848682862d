"""Patterns of Go's in `on-failure`, matched by a real `grep -E` as Go would match them."""

import subprocess
import time

import pytest

from runners.buildspec.model import BuildspecInvalid
from runners.buildspec.parser import parse
from runners.buildspec.patterns import Untranslated, extended

LINE = "Error while executing command: make -j4 [x^y] a.b\\c. Reason: exit status 17"

SPEC = "version: 0.2\nphases:\n  build:\n    on-failure: 'RETRY-%s'\n    commands: [a]\n"


def _matches(pattern: str, line: str) -> bool:
    found = extended(pattern)
    words = ["grep", "-Eq", *(["-i"] if found.any_case else []), "-e", found.pattern]
    done = subprocess.run(words, input=f"{line}\n", text=True, capture_output=True, check=False)
    assert not done.stderr
    return done.returncode == 0


@pytest.mark.parametrize(
    "pattern",
    [
        *("", ".*", "exit status 17$", r"^Error\b", r"\AError.*17\z", "(?i)ERROR", "(?is)error.*REASON", "(?U)E.*"),
        *(r"status \d+$", r"status [\d]+$", r"status\s\S\S$", r"\D\d\d$", r"\w+ \W", r"[^\D]{2}", r"[\D]+", r"[\s\S]"),
        *(r"[\w:]+ make", r"\[x", r"[[]x", r"x[\^]y", r"[\]]", "[]]", r"[x\]]", r"[\-]j", r"a[.]b[\\]c", r"a\.b\\c"),
        *("Err.*?:", "E+?r", "(?:exit|end) status", "(?P<code>1)7", "(?<code>1)7", "r{2}", "r{1,3}?o", "r{2,}"),
        *(r"\x45rror", r"\x{45}rror", r"\105rror", r"\Q[x^y]\E a", r"\Qa.b", "[[:upper:]]rror", "[[:^digit:]]$|17"),
        *(r"\-j4", "a.b", "[a-z]+ [-]j", "[^^]", r"[a^]y", "(|x)make", "(?s:exit).*", r"[[:^digit:]]"),
        *("[[:word:]]7$", "[^[:word:]]7|17", r"\Q\E17", "-j4|a{,3}"),
    ],
)
def test_matches_as_go_does(pattern: str) -> None:
    assert _matches(pattern, LINE)


@pytest.mark.parametrize(
    "pattern",
    [
        *("Exit", r"\d{3}", r"[\d]{3}", r"status \D", "x{1}x", r"\Qa.b\E\d", "a\\.c", "error", "make$"),
        *(
            r"\x65rror",
            "[[:digit:]]x",
            "[^[:word:]]7$",
            "1{,3}7",
            "1{\N{ARABIC-INDIC DIGIT ONE}}7",
            r"[^\d]7$",
            r"exit\nstatus\n17\d",
        ),
    ],
)
def test_does_not_match_what_go_does_not(pattern: str) -> None:
    assert not _matches(pattern, LINE)


def test_a_line_break_of_a_command_is_a_space_of_its_message() -> None:
    assert _matches("command:\\nmake", LINE.replace("command: ", "command:\t"))


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"\pL+", r"\p is not understood"),
        (r"(a)\1", r"\1 is not understood"),
        ("a(?i)b", "(?i) is understood at the beginning only, as (?i)"),
        ("a(?i:b)", "(?i: is understood at the beginning only, as (?i)"),
        ("(?x)a", "(?x) is not understood"),
        ("a(?-s:b)", "(?-s) is not understood"),
        ("a{300}", "{300} is more than 255 times"),
        (r"[a\D]", r"[a\D] is not understood"),
        (r"[a\x41]", r"\x is not understood there"),
        (r"[a\n]", r"\n is not understood there"),
        ("[[:ascii:]]", "[:ascii:] is not understood"),
        ("[[:none:]x]", "[:none:] is not understood"),
        (r"\C", r"\C is not understood"),
        (r"\x{D800}", r"\x{D800} is not understood"),
        ("^*a", "* is not understood of a place between characters"),
        (f"a{{{'9' * 5_000}}}", "{9999999999999999999 is more than 255 times"),
    ],
)
def test_what_cannot_be_matched_is_a_warning(pattern: str, said: str) -> None:
    spec = parse(SPEC % pattern)
    assert [*map(str, spec.warnings)] == [f"line 4: on-failure: the phase is never tried again: {said}"]
    assert spec.phases["build"].on_failure.retries == 0


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?=x)", "(?=x) is nothing that Go knows"),
        ("(?<!x)y", "(?<!x)y is nothing that Go knows"),
        ("[a", "[a is nothing that Go knows"),
        ("[]", "[] is nothing that Go knows"),
        ("[^]", "[^] is nothing that Go knows"),
        ("[[:alpha:]", "[[:alpha:] is nothing that Go knows"),
        ("a\\", "\\ is nothing that Go knows"),
        ("a{5,2}", "{5,2} is at most less often than at least"),
        (r"\Q\E*", "there is nothing that * could repeat"),
        ("*a", "there is nothing that * could repeat"),
        ("a**", "there is nothing that * could repeat"),
        ("(a", "a parenthesis is not closed"),
        ("a)", "a parenthesis is closed that is not open"),
    ],
)
def test_what_is_no_regular_expression_is_a_problem(pattern: str, said: str) -> None:
    with pytest.raises(BuildspecInvalid) as wrong:
        parse(SPEC % pattern)
    assert wrong.value.problems == [f"line 4: on-failure: {pattern} is no regular expression: {said}"]


def test_a_line_break_in_a_set_does_not_make_two_patterns_of_it() -> None:
    with pytest.raises(Untranslated, match="a line break is not understood there"):
        extended("[a\nb]")


def test_a_long_pattern_is_written_in_no_time() -> None:
    began = time.monotonic()
    assert len(extended(f"[{'a-c' * 100_000}]").pattern) > 100_000
    for hostile in ("[" * 900_000, "[[:a:" * 180_000, "[[:a:]" * 150_000, "(" * 300_000, r"\Q" * 450_000):
        with pytest.raises(Untranslated):
            extended(f"[{hostile}")
    assert time.monotonic() - began < 10


def test_a_pattern_that_is_understood_is_no_warning() -> None:
    assert not parse(r"{version: 0.2, phases: {build: {on-failure: 'RETRY-2-[\d]+?\D', commands: [a]}}}").warnings
