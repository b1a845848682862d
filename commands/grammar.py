"""Usage lines are the grammar: what help shows is what the matcher reads.

A usage line is what follows the verb. It is made of

    <name:kind>           a slot, filled by what is of that kind; `<run>` is short for `<run:run>`
    to|in <name>          a slot behind one of these words
    [to|in] <name>        a slot that may have one of these words before it
    [ ... ]               may be left out
    <name:kind+>          one or more, joined by commas, `and`, `e`; the command is then given once for each
    <name:on|off>         one of these words
    <variables>           assignments: `VERSION=1.2 FLAG=on`
    <reason...>           the rest of the message, or one quoted text; a `for 2h` that ends it is read as said before it
    again|novamente       a word, which must stand somewhere; `de novo` are two that stand together
    [!]                   at the beginning: the verb may carry a `!`, which gives `force` and needs a reason

The parts may be said in any order. Every slot may also be named: `--pipeline x`, `pipeline=x`, `pipeline: x`.
A `target` may be followed by its ref: `api@main`, `api/main`, `api branch main`.
The kinds are in `commands.words`, the words around them in `commands.little`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from commands.tokens import Token, fold

FORCE = "force"


@dataclass(frozen=True, slots=True)
class Slot:
    """What is filled by a word of a kind; `rest` takes all that follows, `many` takes several."""

    name: str
    kind: str
    rest: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A slot with the words that may stand before it, or (without a slot) words that stand for themselves."""

    slot: Slot | None = None
    words: tuple[str, ...] = ()
    """Any of these; without a slot: any of these word sequences."""
    marked: bool = False
    """One of the words must be there."""
    needed: bool = True
    markers: frozenset[str] = field(init=False)
    """The words before the slot as they are compared, with the names by which it can be given."""

    def __post_init__(self) -> None:
        """Fold the markers once."""
        named = NAMED.get(self.slot.name, (self.slot.name,)) if self.slot else ()
        object.__setattr__(self, "markers", frozenset(fold(word).lstrip("-") for word in (*self.words, *named)))


NAMED: Mapping[str, tuple[str, ...]] = {
    "service": ("service", "serviço"),
    "environment": ("environment", "env", "ambiente"),
    "ref": ("ref", "branch", "tag", "commit", "sha", "revision", "version", "versão"),
    "run": ("run", "execução"),
    "approval": ("approval", "aprovação", "run", "execução"),
    "reason": ("reason", "motivo", "razão", "pq", "pois"),
    "duration": ("duration", "duração", "durante"),
    "stage": ("stage", "etapa", "estágio"),
    "action": ("action", "ação"),
    "variables": ("variables", "variable", "variáveis", "variável"),
}
"""Names of a slot in `name=value`, where its own is not the only one."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A usage line, compiled."""

    line: str
    parts: tuple[Part, ...]
    forced: bool
    """The verb may carry a `!`."""


@dataclass(frozen=True, slots=True)
class Fits:
    """The word is of the kind; these arguments follow from it (the name `""` stands for the slot's own)."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Misfit:
    """The word is not of the kind; `nearest` are names that it may have been meant to be."""

    nearest: tuple[str, ...] = ()


class Kinds(Protocol):
    """Tells whether a word is of a kind."""

    def fit(self, kind: str, word: str, so_far: Mapping[str, str]) -> Fits | Misfit:
        """Read one word as a kind, given the arguments read before it."""

    def is_name(self, token: Token) -> bool:
        """Tell whether a word is a name, which is never passed over as a little word."""


_PIECE = re.compile(
    r"(?P<open>\[)|(?P<close>\])"
    r"|<(?P<slot>\w+)(?::(?P<kind>[^<>+.\s]+))?(?P<many>\+)?(?P<rest>\.\.\.)?>"
    r"|(?P<word>[^\s\[\]<>]+)"
)
REF = Part(slot=Slot("ref", "ref"), marked=True, needed=False)
PLAIN_REF = Part(slot=Slot("ref", "plain_ref"), needed=False)
"""What follows every `target`, said apart from it: with a word that names it, or unmistakable."""


@cache
def compiled(line: str) -> Usage:
    """Compile a usage line. Raises `ValueError` for brackets that do not match."""
    pieces = list(_PIECE.finditer(line.removeprefix("[!]")))
    parts = list(_parts(line, pieces, needed=True, depth=0))
    if pieces:
        raise ValueError(f"usage line {line!r}: `]` without `[`")
    if any(part.slot and part.slot.kind == "target" for part in parts):
        parts += [REF, PLAIN_REF]
    return Usage(line, tuple(parts), line.startswith("[!]"))


def _parts(line: str, pieces: list[re.Match[str]], *, needed: bool, depth: int) -> Iterator[Part]:
    """Take pieces up to the end of their group."""
    words: list[str] = []
    optional = False
    while pieces:
        piece = pieces.pop(0)
        if piece["word"]:
            words.append(piece["word"])
            continue
        if piece["slot"]:
            yield from _spoken(words[:-1], needed=needed)
            yield _slot(piece, words[-1:], marked=bool(words) and not optional, needed=needed)
            words, optional = [], False
            continue
        yield from _spoken(words, needed=needed and not optional)
        words, optional = [], False
        if piece["close"]:
            if depth:
                return
            pieces.insert(0, piece)
            return
        group = list(_parts(line, pieces, needed=False, depth=depth + 1))
        if len(group) == 1 and group[0].slot is None and pieces and pieces[0]["slot"]:
            words, optional = ["|".join(group[0].words)], True
        else:
            yield from group
    if depth:
        raise ValueError(f"usage line {line!r}: `[` without `]`")
    yield from _spoken(words, needed=needed)


def _slot(piece: re.Match[str], words: list[str], *, marked: bool, needed: bool) -> Part:
    slot = Slot(piece["slot"], piece["kind"] or piece["slot"], bool(piece["rest"]), bool(piece["many"]))
    before = tuple(words[0].split("|")) if words else ()
    return Part(slot=slot, words=before, marked=marked, needed=needed)


def _spoken(words: list[str], *, needed: bool) -> Iterator[Part]:
    """Words without a slot: `a|b` are alternatives, `a b` stand together."""
    if words:
        choices = words[0].split("|") if len(words) == 1 else [" ".join(words)]
        yield Part(words=tuple(choices), needed=needed)
