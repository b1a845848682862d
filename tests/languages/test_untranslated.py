"""Nothing that people see may be written without `say`: the calls that make it are looked at in the source."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping

import pytest

from commands.locale.extract import KEYWORDS, called
from tests.languages.reading import ROOT, drawing, sources, workers

Shown = Mapping[str, tuple[int | str, ...]]
SHOWN: dict[str, tuple[int | str, ...]] = {
    "Reply": ("text",),
    "Refused": (0,),
    "Unclear": (0,),
    "Offer": ("label", "confirm"),
    "Table": ("header",),
    "section": (0,),
    "context": (0, 1, 2, 3),
    "header": (0,),
    "plain": (0,),
    "confirm": (0, 1, 2, 3),
    "button": (0,),
    "task": (1, "details", "output"),
    "plan": (0,),
    "rich": (0,),
    "Mark": (0,),
    "whisper": ("text",),
    "ask_choice": (1, "hint"),
    "ask_text": (1, 2),
}
"""What makes something visible, with the arguments that people read."""
WORD = re.compile(r"[^\W\d_]{2,}")
NAMED = frozenset({"text", "lines", "line", "title", "message", "question", "reason", "parts"})
"""Variables that hold what is shown a line later."""
ALPHABET = [ROOT / "bot" / "slack" / name for name in ("marks.py", "blocks.py")]
"""Escapes, date tokens, names of fields: no words."""
NEUTRAL = {"code", "code_block", "mention", "moment", "span", "short", "escape", "escape_within", "partial"}
"""Calls whose own literals are no words: marks, limits, formats."""


REASONS: dict[str, tuple[int | str, ...]] = {
    "ActionFailed": (0, "hint"),
    "AwsRefused": (0, "hint"),
    "Ended": (0, "hint"),
    "UnknownRef": (0,),
    "Away": (0,),
    "EngineUnavailable": (0,),
    "Unplannable": (0,),
    "Unmet": (0,),
    "Unapproved": (0,),
    "Outcome": ("summary",),
    "data_of": ("reason", "hint", "summary"),
}
"""What is told to people of what workers do, as they worded it."""


def violations(source: str, shown: Shown = SHOWN, named: Collection[str] = NAMED) -> Iterator[str]:
    """Words that are shown as they stand in the source."""
    for node in ast.walk(ast.parse(source)):
        for part in _shown(node, shown, named):
            yield from (f"{text.lineno}: {text.value!r}" for text in _bare(part) if _is_word(str(text.value)))


def _is_word(text: str) -> bool:
    return WORD.search(text) is not None


def _shown(node: ast.AST, shown: Shown, named: Collection[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id in named for target in targets):
            yield node.value
    if not isinstance(node, ast.Call):
        return
    for place in shown.get(called(node), ()):
        if isinstance(place, int) and place < len(node.args):
            yield node.args[place]
        yield from (keyword.value for keyword in node.keywords if keyword.arg == place)


def _bare(part: ast.AST) -> Iterator[ast.Constant]:
    """The texts in an expression that go through nothing that translates."""
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        yield part
    if isinstance(part, ast.Call) and called(part) in {*KEYWORDS, *NEUTRAL, *SHOWN}:
        return
    skipped = {id(part.slice)} if isinstance(part, ast.Subscript) else set()
    skipped |= {id(each) for each in part.args} if isinstance(part, ast.Call) and called(part) == "get" else set()
    skipped |= {id(part.test)} if isinstance(part, ast.IfExp) else set()
    skipped |= {id(part.format_spec)} if isinstance(part, ast.FormattedValue) and part.format_spec else set()
    for child in ast.iter_child_nodes(part):
        if id(child) not in skipped:
            yield from _bare(child)


def test_nothing_that_people_see_is_written_without_say() -> None:
    found = {
        str(path.relative_to(ROOT)): list(violations(path.read_text())) for path in sources() if path not in ALPHABET
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        'Reply(verdict=v, text="Done.")',
        'Reply(verdict=v, text=f"Run {run} done")',
        'raise Refused("You may not.")',
        'kit.section(Mark(f"*{run}* failed"))',
        'kit.button(say("Approve") + " now", "a", "b")',
        'kit.confirm(say("Sure?"), x, "Yes, do it", no)',
        'Offer(label="Retry" if failed else say("Again"), command="retry")',
        'text = f"Run {run} is over"',
        'kit.task(name, title, "pending", details="Still waiting")',
    ],
)
def test_a_text_without_say_is_found(source: str) -> None:
    assert list(violations(source))


def test_nothing_that_workers_tell_is_written_without_words_for_it() -> None:
    paths = {str(path.relative_to(ROOT)): path for path in workers()}
    found = {name: list(violations(path.read_text(), REASONS, ())) for name, path in paths.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        'raise ActionFailed("no image")',
        'raise ActionFailed(worded("no image"), hint="build one")',
        'raise ActionFailed(f"no {image}", hint=worded("build one"))',
        'Outcome(summary=f"{count} files")',
        'Unplannable(worded("never") if never else f"not {now}")',
    ],
)
def test_a_reason_without_words_for_it_is_found(source: str) -> None:
    assert list(violations(source, REASONS, ()))


def test_every_plain_literal_that_is_said_is_in_a_place_that_extraction_reads() -> None:
    """`say(f"...")` and `say("..." + x)` would never be found by it."""
    spoken = {*sources(), *drawing()}
    for path in (*spoken, *workers()):
        for node in ast.walk(ast.parse(path.read_text())):
            keywords = KEYWORDS if path in spoken else {"worded": KEYWORDS["worded"]}
            places = keywords.get(called(node), ()) if isinstance(node, ast.Call) else ()
            for place in places:
                assert isinstance(node, ast.Call)
                first = node.args[place] if place < len(node.args) else None
                assert not isinstance(first, ast.JoinedStr | ast.BinOp), f"{path}:{node.lineno}"
