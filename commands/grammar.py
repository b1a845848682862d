"""Usage lines are the grammar: what help shows is what the matcher reads.

A usage line is made of

    deploy                a word, which must stand there
    to|in|on              any of these words
    [ ... ]               may be left out
    <name:kind>           a slot, filled by one word of that kind; `<run>` is short for `<run:run>`
    <reason...>           the rest of the message

The kinds are in `commands.words`. When no line fits, the error is the one of the place that was reached furthest:
what stood there, what was expected, and the nearest names.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from commands.tokens import Token, fold


@dataclass(frozen=True, slots=True)
class Word:
    """One of these words must stand here."""

    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A word of a kind must stand here; `rest` takes all that follows."""

    name: str
    kind: str
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Optional:
    """These may stand here together, or be left out."""

    parts: "tuple[Part, ...]"


Part = Word | Slot | Optional


@dataclass(frozen=True, slots=True)
class Fits:
    """The word is of the kind; these arguments follow from it."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Misfit:
    """The word is not of the kind; `nearest` are names that it may have been meant to be."""

    nearest: tuple[str, ...] = ()


class Kinds(Protocol):
    """Tells whether a word is of a kind."""

    def fit(self, kind: str, word: str, so_far: Mapping[str, str]) -> Fits | Misfit:
        """Read one word as a kind, given the arguments read before it."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """How far a usage line got, and what it wanted there."""

    at: int
    """Index of the token where it stopped (== number of tokens: the message ended)."""
    wanted: Part
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """A usage line fits the whole message."""

    values: Mapping[str, str]


def _rank(stuck: Stuck) -> tuple[int, bool, bool]:
    return stuck.at, isinstance(stuck.wanted, Slot), bool(stuck.nearest)


@dataclass(slots=True)
class _Furthest:
    stuck: Stuck | None = None

    def note(self, at: int, wanted: Part, nearest: tuple[str, ...] = ()) -> None:
        if self.stuck is None or (at, isinstance(wanted, Slot), bool(nearest)) > _rank(self.stuck):
            self.stuck = Stuck(at, wanted, nearest)


_PART = re.compile(
    r"(?P<open>\[)|(?P<close>\])|<(?P<slot>\w+)(?::(?P<kind>\w+))?(?P<rest>\.\.\.)?>|(?P<word>[^\s\[\]<>]+)"
)


@cache
def compiled(usage: str) -> tuple[Part, ...]:
    """Compile a usage line. Raises `ValueError` for brackets that do not match."""
    stack: list[list[Part]] = [[]]
    for found in _PART.finditer(usage):
        if found["open"]:
            stack.append([])
        elif found["close"]:
            group = Optional(tuple(stack.pop()))
            if not stack:
                raise ValueError(f"usage line {usage!r}: `]` without `[`")
            stack[-1].append(group)
        elif found["slot"]:
            stack[-1].append(Slot(found["slot"], found["kind"] or found["slot"], bool(found["rest"])))
        else:
            stack[-1].append(Word(tuple(found["word"].split("|"))))
    if len(stack) != 1:
        raise ValueError(f"usage line {usage!r}: `[` without `]`")
    return tuple(stack[0])


@dataclass(frozen=True, slots=True)
class _State:
    at: int
    values: Mapping[str, str] = field(default_factory=dict)


def match(usage: str, said: Sequence[Token], kinds: Kinds) -> Matched | Stuck:
    """Match a message (without its verb) against one usage line (without its verb)."""
    furthest = _Furthest()
    end = len(said)
    for state in _walk(compiled(usage), _State(0), said, kinds, furthest):
        if state.at == end:
            return Matched(state.values)
        furthest.note(state.at, Word(()))
    return furthest.stuck or Stuck(0, Word(()))


def _walk(
    parts: Sequence[Part], state: _State, said: Sequence[Token], kinds: Kinds, furthest: _Furthest
) -> Iterator[_State]:
    if not parts:
        yield state
        return
    for after in _one(parts[0], state, said, kinds, furthest):
        yield from _walk(parts[1:], after, said, kinds, furthest)


def _one(part: Part, state: _State, said: Sequence[Token], kinds: Kinds, furthest: _Furthest) -> Iterator[_State]:
    match part:
        case Optional(parts):
            yield from _walk(parts, state, said, kinds, furthest)
            yield state
        case Word(any_of):
            if state.at < len(said) and said[state.at].folded in {fold(word) for word in any_of}:
                yield _State(state.at + 1, state.values)
            else:
                furthest.note(state.at, part)
        case Slot(name, _, True):
            if state.at < len(said):
                rest = " ".join(token.text for token in said[state.at :])
                yield _State(len(said), {**state.values, name: rest})
            else:
                furthest.note(state.at, part)
        case Slot(name, kind, _):
            yield from _slot(name, kind, part, state, said, kinds, furthest)


def _slot(
    name: str, kind: str, part: Slot, state: _State, said: Sequence[Token], kinds: Kinds, furthest: _Furthest
) -> Iterator[_State]:
    if state.at >= len(said):
        furthest.note(state.at, part)
        return
    found = kinds.fit(kind, said[state.at].text, state.values)
    if isinstance(found, Misfit):
        furthest.note(state.at, part, found.nearest)
        return
    yield _State(state.at + 1, {**state.values, **{name if key == "" else key: v for key, v in found.values.items()}})
