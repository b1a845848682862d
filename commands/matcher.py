"""Reads the words around a verb by a usage line, in whatever order they were said.

Two ways: `match` wants every word to have a place; `nearly` takes what it can, puts slips right where a name is near,
and tells what is left. Both take time in proportion to the words that are looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from commands.grammar import Fits, Kinds, Misfit, Part, Slot, Usage
from commands.little import ARTICLES, JOINING, NOT_A_PLACE, NOUNS, PASSING, PREPOSITIONS, phrase_at
from commands.tokens import Token, fold, unquoted

Values = Mapping[str, str]

_GENERIC = frozenset(
    {"service", "target", "environment", "run", "gate", "approval", "command", "person", "ref", "plain_ref"}
)
"""Kinds that any preposition may introduce, where a usage line asks for one of them."""
_DOUBLE = frozenset({"duration", "since", "command"})
"""Kinds that may take two words: `2 hours`, `roll back`."""
_PREPOSITIONS_OF = {"environment": PREPOSITIONS - NOT_A_PLACE}
_NOUNS_OF = {
    "service": ("service", "run"),
    "target": ("service",),
    "run": ("run",),
    "approval": ("run",),
    "gate": ("run",),
    "environment": ("environment",),
    "command": ("command",),
    "person": ("person",),
}


_ENDING = ".,;:!?"
_TALK = 4
"""Words without a place that make a message talk: nobody looks at the rest of it."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A usage line fits all words. `each` are the arguments, more than one where several services were named."""

    usage: Usage
    each: tuple[Values, ...]
    passed: int
    """How many words it passes over; where two readings differ, the one that passes over more is none."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A word that has no place; `part` is what was expected there."""

    at: int
    """Index of the word (== number of words: the message ended)."""
    part: Part | None


@dataclass(frozen=True, slots=True)
class Slip:
    """A word that is near to names that would fit."""

    at: int
    part: Part
    nearest: tuple[str, ...]


@dataclass(slots=True)
class Nearly:
    """What a usage line can take of the words."""

    usage: Usage
    values: dict[str, str] = field(default_factory=dict)
    items: tuple[Values, ...] = ()
    slips: list[Slip] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    missing: tuple[Part, ...] = ()

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """How far it is from a command; the least is the one that was meant."""
        return len(self.stuck), len(self.slips), len(self.missing), -len(self.values) - len(self.items)

    @property
    def each(self) -> tuple[Values, ...]:
        """The arguments, as far as they are known."""
        return _each(self.values, self.items)


@dataclass(frozen=True, slots=True)
class _Hit:
    part: Part
    end: int
    values: Values
    items: tuple[Values, ...] = ()
    strong: bool = False
    """It began with a word that introduces it: what such a word stands before is what it introduces."""


@dataclass(frozen=True, slots=True)
class _State:
    at: int = 0
    filled: frozenset[Part] = frozenset()
    values: Values = field(default_factory=dict)
    items: tuple[Values, ...] = ()
    passed: int = 0

    def takes(self, hit: _Hit) -> bool:
        """Tell whether nothing is said twice."""
        known = set(self.values).union(*self.items)
        return known.isdisjoint(set(hit.values).union(*hit.items))

    def after(self, hit: _Hit) -> "_State":
        return replace(
            self,
            at=hit.end,
            filled=self.filled | {hit.part},
            values={**self.values, **hit.values},
            items=self.items + hit.items,
        )

    @property
    def so_far(self) -> Values:
        return {**self.values, **(self.items[0] if self.items else {})}


def match(usage: Usage, said: Sequence[Token], text: str, kinds: Kinds, verb_at: int = 0) -> Matched | None:
    """Match all words (of `text`, without the verb, which stood before word `verb_at`) or none."""
    return _Reading(usage, said, text, kinds, verb_at).whole()


def nearly(usage: Usage, said: Sequence[Token], text: str, kinds: Kinds, verb_at: int = 0) -> Nearly:
    """Take what can be taken of the words."""
    return _Reading(usage, said, text, kinds, verb_at).partly()


class _Reading:
    def __init__(self, usage: Usage, said: Sequence[Token], text: str, kinds: Kinds, verb_at: int) -> None:
        self._usage = usage
        self._said = said
        self._text = text
        self._kinds = kinds
        self._verb_at = verb_at
        self._dead: set[tuple[int, frozenset[Part]]] = set()
        asked = [part.slot.kind for part in usage.parts if part.slot]
        self._generic = {kind for kind in _GENERIC if asked.count(kind) == 1}

    def whole(self) -> Matched | None:
        final = self._step(_State())
        return Matched(self._usage, _each(final.values, final.items), final.passed) if final else None

    def _step(self, state: _State) -> _State | None:
        if state.at == len(self._said):
            return None if self._missing(state.filled) else state
        key = (state.at, state.filled)
        if key in self._dead:
            return None
        for after in self._ways(state):
            final = self._step(after)
            if final is not None:
                return final
        self._dead.add(key)
        return None

    def _ways(self, state: _State) -> Iterator[_State]:
        """Give what the next words can be, the likeliest first."""
        hits = [hit for hit in self._hits(state) if state.takes(hit)]
        strong = [hit for hit in hits if hit.strong]
        rests = [hit for hit in hits if not hit.strong and hit.part.slot and hit.part.slot.rest]
        for hit in strong or [hit for hit in hits if hit not in rests]:
            yield state.after(hit)
        if strong:
            return
        skipped = self._skipped(state.at)
        if skipped is not None:
            yield replace(state, at=skipped, passed=state.passed + 1)
        for hit in rests:
            yield state.after(hit)

    def partly(self) -> Nearly:
        found = Nearly(self._usage)
        state = _State()
        while state.at < len(self._said) and len(found.stuck) < _TALK:
            after = next(self._ways(state), None)
            state = after if after is not None else self._trouble(found, state)
        found.values, found.items = dict(state.values), state.items
        slipped = {slip.part for slip in found.slips}
        found.missing = tuple(part for part in self._missing(state.filled) if part not in slipped)
        return found

    def _trouble(self, found: Nearly, state: _State) -> _State:
        """Note a word that has no place, and go on behind it."""
        slipped = {slip.part for slip in found.slips}
        unfilled = [part for part in self._usage.parts if part.slot and part not in state.filled | slipped]
        runs = [(part, self._run(part, state.at)) for part in unfilled]
        runs.sort(key=lambda each: not each[1][-1][1])  # a word that names the slot says more than any preposition
        for part, run in runs:
            slip = self._slip(part, run, state)
            if slip is not None:
                found.slips.append(slip)
                return _moved(state, slip.at + 1)
        for part, run in runs:
            end, marked, strong = run[-1]
            if strong and (marked or not part.marked):
                found.stuck.append(Stuck(end, part))
                expected = end < len(self._said) and next(self._ways(_moved(state, end)), None) is None
                return _moved(state, end + expected)
        found.stuck.append(Stuck(state.at, None))
        return _moved(state, state.at + 1)

    def _slip(self, part: Part, run: "list[tuple[int, bool, bool]]", state: _State) -> Slip | None:
        for at, marked, _ in reversed(run):
            if part.slot is None or part.slot.rest or at >= len(self._said) or (part.marked and not marked):
                continue
            fits = self._kinds.fit(part.slot.kind, self._said[at].word, state.so_far)
            if isinstance(fits, Misfit) and fits.nearest:
                return Slip(at, part, fits.nearest)
        return None

    def _missing(self, filled: frozenset[Part]) -> list[Part]:
        return [part for part in self._usage.parts if part.needed and part not in filled]

    def _skipped(self, at: int) -> int | None:
        """Tell where the words go on when this one says nothing."""
        token = self._said[at]
        if token.quoted or self._kinds.is_name(token):
            return None
        passing = phrase_at(PASSING, self._said, at)
        if passing is not None and not at < self._verb_at < passing[1]:
            return passing[1]
        return at + 1 if token.silent or is_mention(token) or token.folded in ARTICLES else None

    def _hits(self, state: _State) -> Iterator[_Hit]:
        for part in self._usage.parts:
            if part in state.filled:
                continue
            if part.slot is None:
                yield from self._spoken(part, state.at)
            elif part.slot.rest:
                yield from self._rest(part, part.slot, state.at)
            else:
                hit = self._slot(part, part.slot, state)
                if hit is not None:
                    yield hit

    def _spoken(self, part: Part, at: int) -> Iterator[_Hit]:
        for choice in part.words:
            words = choice.split()
            here = self._said[at : at + len(words)]
            if [token.folded for token in here] == words and not any(token.quoted for token in here):
                yield _Hit(part, at + len(words), {}, strong=True)

    def _rest(self, part: Part, slot: Slot, at: int) -> Iterator[_Hit]:
        """One quoted text, or all that follows."""
        if at < self._verb_at:
            return
        marked = not self._said[at].quoted and self._named(part, self._said[at])
        start = at + marked
        if (part.marked and not marked) or start >= len(self._said):
            return
        first = self._said[start]
        if first.quoted and start + 1 < len(self._said):
            yield _Hit(part, start + 1, {slot.name: first.text}, strong=marked)
        rest = self._text[first.start :].strip()
        if not first.quoted:
            for before, values in self._ending(rest):
                yield _Hit(part, len(self._said), {slot.name: before, **values}, strong=marked)
        yield _Hit(part, len(self._said), {slot.name: unquoted(rest)}, strong=marked)

    def _ending(self, rest: str) -> Iterator[tuple[str, Values]]:
        """Part a rest from what was meant beside it: `because tests for 2h` is a reason and a duration."""
        words = rest.split()
        for part in self._usage.parts:
            if part.slot is None or part.slot.kind != "duration":
                continue
            for length in (2, 3):
                marker, *value = words[-length:]
                fits = self._kinds.fit("duration", " ".join(value).rstrip(_ENDING), {})
                if len(words) > length and fold(marker) in part.markers and isinstance(fits, Fits):
                    yield " ".join(words[:-length]), {part.slot.name: fits.values[""]}

    def _slot(self, part: Part, slot: Slot, state: _State) -> _Hit | None:
        for at, marked, strong in reversed(self._run(part, state.at)):
            if at >= len(self._said) or (part.marked and not marked):
                continue
            fits, end = self._fit(slot, at, state.so_far)
            if fits is None:
                continue
            if not slot.many:
                return _Hit(part, end, fits, strong=strong)
            items, end = self._more(part, slot, [fits], end)
            return _Hit(part, end, {}, tuple(items), strong=strong)
        return None

    def _more(self, part: Part, slot: Slot, items: list[Values], end: int) -> tuple[list[Values], int]:
        """Take the further ones of several."""
        while end < len(self._said) and self._joins(end):
            start = end + 1
            while start < len(self._said) and self._joins(start):
                start += 1
            for at, _, _ in reversed(self._run(part, start) if start < len(self._said) else []):
                fits, after = self._fit(slot, at, {}) if at < len(self._said) else (None, at)
                if fits is not None:
                    break
            else:
                return items, end
            if fits not in items:
                items.append(fits)
            end = after
        return items, end

    def _joins(self, at: int) -> bool:
        return self._said[at].folded in JOINING and not self._said[at].quoted and at != self._verb_at

    def _fit(self, slot: Slot, at: int, so_far: Values) -> tuple[Values | None, int]:
        """Read one word as the slot's kind; or two, such as a number before its unit."""
        for length in (2, 1) if slot.kind in _DOUBLE else (1,):
            here = self._said[at : at + length]
            if at < self._verb_at < at + length or len(here) < length:
                continue
            fits = self._kinds.fit(slot.kind, " ".join(token.word for token in here), so_far)
            if isinstance(fits, Fits):
                return {key or slot.name: value for key, value in fits.values.items()}, self._after(slot, at + length)
        return None, at

    def _after(self, slot: Slot, at: int) -> int:
        """Step over what only repeats the kind: `the api service`."""
        if at < len(self._said) and at != self._verb_at and not self._said[at].quoted:
            token = self._said[at]
            if self._empty(slot.kind, token) and token.folded not in ARTICLES and not self._kinds.is_name(token):
                return at + 1
        return at

    def _run(self, part: Part, at: int) -> list[tuple[int, bool, bool]]:
        """Walk over the words that may stand before the slot: (where it may stand, was it named, was it introduced)."""
        assert part.slot is not None  # noqa: S101 - callers look
        kind = part.slot.kind
        places = [(at, False, False)]
        marked = strong = False
        while at < len(self._said) and not self._said[at].quoted:
            token = self._said[at]
            before = self._said[at - 1].folded if places[1:] else ""
            if before == token.folded or {before, token.folded} <= PREPOSITIONS:
                break
            if self._named(part, token):
                marked = strong = True
            elif kind in self._generic and token.folded in _PREPOSITIONS_OF.get(kind, PREPOSITIONS):
                strong = True
            elif (
                part.slot.rest
                or not self._empty(kind, token)
                or isinstance(self._kinds.fit(kind, token.word, {}), Fits)
            ):
                break
            at += 1
            if at == self._verb_at:
                break
            places.append((at, marked, strong))
        return places

    def _named(self, part: Part, token: Token) -> bool:
        return token.folded.lstrip("-").rstrip("=") in part.markers

    def _empty(self, kind: str, token: Token) -> bool:
        return token.folded in ARTICLES or any(token.folded in NOUNS[noun] for noun in _NOUNS_OF.get(kind, ()))


def is_mention(token: Token) -> bool:
    """Tell whether a word is somebody's mention, which says nothing unless a slot asks for it."""
    return token.text.startswith(("<@", "<!")) and token.text.endswith(">")


def _moved(state: _State, at: int) -> _State:
    return replace(state, at=at)


def _each(values: Values, items: tuple[Values, ...]) -> tuple[Values, ...]:
    return tuple({**item, **values} for item in items) or (dict(values),)
