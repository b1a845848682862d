"""Reads the words around a verb by a usage line, in whatever order they were said.

Two ways: `match` wants every word to have a place; `nearly` takes what it can, puts slips right where a name is near,
and tells what is left. Both take time in proportion to the words that are looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from commands.assignments import assigned_at, read, written
from commands.grammar import Fits, Kinds, Misfit, Part, Slot, Usage
from commands.little import AGES, ARTICLES, JOINING, NOT_A_PLACE, NOUNS, OF, PASSING, PREPOSITIONS, phrase_at, tells_why
from commands.reading import Hit, Matched, Nearly, Slip, State, Stuck, Values, each_of
from commands.tokens import Token, fold, unquoted

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
    "source": ("environment",),
    "command": ("command",),
    "person": ("person",),
    "earlier": ("release",),
    "count": ("count",),
}
_REPEATED = {"plain_ref": frozenset({"branch", "tag", "commit"})}
"""Words that may stand behind a name and say only what kind of thing it is: `the main branch`."""


_LEADING = ARTICLES | OF | AGES
"""What may stand before a word that stands for itself."""
_ENDING = ".,;:!?"
_TALK = 4
"""Words without a place that make a message talk: nobody looks at the rest of it."""


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
        asked = [part.slot.kind for part in usage.parts if part.slot and not part.marked]
        self._generic = {kind for kind in _GENERIC if asked.count(kind) <= 1}

    def whole(self) -> Matched | None:
        final = self._step(State())
        return Matched(self._usage, each_of(final.values, final.items), final.passed) if final else None

    def _step(self, state: State) -> State | None:
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

    def _ways(self, state: State) -> Iterator[State]:
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
        state = State()
        while state.at < len(self._said) and len(found.stuck) < _TALK:
            after = next(self._ways(state), None)
            state = after if after is not None else self._trouble(found, state)
        found.values, found.items = dict(state.values), state.items
        slipped = {slip.part for slip in found.slips}
        found.missing = tuple(part for part in self._missing(state.filled) if part not in slipped)
        return found

    def _trouble(self, found: Nearly, state: State) -> State:
        """Note a word that has no place, and go on behind it."""
        slipped = {slip.part for slip in found.slips}
        unfilled = [part for part in self._usage.parts if part.slot and part not in state.filled | slipped]
        runs = [(part, self._run(part, state.at)) for part in unfilled]
        nameless = next((part for part, run in runs if part.needed and self._lacks_a_name(run[-1][0])), None)
        if nameless is not None:
            found.stuck.append(Stuck(len(self._said), nameless))
            return _moved(state, len(self._said))
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

    def _lacks_a_name(self, end: int) -> bool:
        """Tell whether words end in one that says only what kind of thing it is: `undo the last deploy`."""
        return end == len(self._said) and self._said[-1].folded not in ARTICLES | PREPOSITIONS

    def _slip(self, part: Part, run: "list[tuple[int, bool, bool]]", state: State) -> Slip | None:
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

    def _hits(self, state: State) -> Iterator[Hit]:
        for part in self._usage.parts:
            if part.slot and part.slot.kind == "variables":
                yield from self._assigned(part, part.slot, state)
            elif part in state.filled:
                continue
            elif part.slot is None:
                yield from self._spoken(part, state.at)
            elif part.slot.rest:
                yield from self._rest(part, part.slot, state.at)
            else:
                hit = self._slot(part, part.slot, state)
                if hit is not None:
                    yield hit

    def _assigned(self, part: Part, slot: Slot, state: State) -> Iterator[Hit]:
        """Take assignments that stand together, `with A=1 and B=2`, beside those that stood elsewhere."""
        at = end = self._run(part, state.at)[-1][0]
        known = read(state.values.get(slot.name, ""))
        found: dict[str, str] = {}
        while at < len(self._said) and (one := self._assignment(at)) is not None and one[0] not in {*known, *found}:
            found[one[0]], end = one[1], one[2]
            at = end + 1 if end < len(self._said) and self._joins(end) else end
        if found:
            yield Hit(part, end, {slot.name: written({**known, **found})}, strong=True)

    def _assignment(self, at: int) -> tuple[str, str, int] | None:
        """Give name, value and end of an assignment; one that names a slot is none."""
        found = assigned_at(self._said, at, self._text)
        if found is None or at == self._verb_at:
            return None
        fits = self._kinds.fit("variables", found[0], {})
        named = any(self._named(part, self._said[at]) for part in self._usage.parts if part.slot)
        if isinstance(fits, Fits) and not (named and fits.values[""] != found[0]):
            return (fits.values[""], *found[1:])
        return None if named or not found[0].isupper() else found

    def _spoken(self, part: Part, at: int) -> Iterator[Hit]:
        """Take words that stand for themselves, with what may lead to them: `of the last failure`."""
        start = at
        while start + 1 < len(self._said) and self._leads(start):
            start += 1
        for choice in part.words:
            words = choice.split()
            here = self._said[start : start + len(words)]
            if [token.folded for token in here] == words and not any(token.quoted for token in here):
                yield Hit(part, start + len(words), {}, strong=True)

    def _leads(self, at: int) -> bool:
        token = self._said[at]
        return not token.quoted and at + 1 != self._verb_at and token.folded in _LEADING

    def _rest(self, part: Part, slot: Slot, at: int) -> Iterator[Hit]:
        """One quoted text, or all that follows."""
        if at < self._verb_at:
            return
        marked = not self._said[at].quoted and self._named(part, self._said[at])
        start = at + marked
        if (part.marked and not marked) or start >= len(self._said):
            return
        if not marked:
            if self._is_left_over(start):
                return
            start = self._with_its_article(start)
        for end, values in self._wholes(slot, start):
            if slot.kind != "reason" or tells_why(values[slot.name]):
                yield Hit(part, end, values, strong=marked)

    def _wholes(self, slot: Slot, start: int) -> Iterator[tuple[int, dict[str, str]]]:
        """Give the ways to take a text that begins here: where it ends, and the values."""
        first, end = self._said[start], len(self._said)
        if first.quoted and start + 1 < end:
            yield start + 1, {slot.name: first.text}
        rest = self._text[first.start :].strip()
        endings = [] if first.quoted else list(self._ending(rest))
        yield from ((end, {slot.name: before, **values}) for before, values in endings)
        if all(before for before, _ in endings):
            yield end, {slot.name: unquoted(rest)}

    def _with_its_article(self, at: int) -> int:
        """Give where a text really begins: what was passed over before it is part of it, `the tests are flaky`."""
        while at > self._verb_at and self._said[at - 1].folded in ARTICLES and not self._said[at].quoted:
            at -= 1
        return at

    def _is_left_over(self, at: int) -> bool:
        """Tell whether a text without a `because` looks like what is left of something: `reject api-12 and api-13`."""
        first = self._said[at]
        if first.quoted:
            return False
        leads = first.folded in JOINING or first.folded in PREPOSITIONS or is_mention(first)
        named = self._kinds.is_name(first) or isinstance(self._kinds.fit("run", first.word, {}), Fits)
        return leads or named or at + 1 == len(self._said)

    def _ending(self, rest: str) -> Iterator[tuple[str, Values]]:
        """Part a rest from what was meant beside it: `because tests for 2h` is a reason and a duration."""
        words = rest.split()
        for part in self._usage.parts:
            if part.slot is None or part.slot.kind != "duration":
                continue
            for length in (2, 3):
                marker, *value = words[-length:]
                fits = self._kinds.fit("duration", " ".join(value).rstrip(_ENDING), {})
                if len(words) >= length and fold(marker) in part.markers and isinstance(fits, Fits):
                    yield " ".join(words[:-length]), {part.slot.name: fits.values[""]}

    def _slot(self, part: Part, slot: Slot, state: State) -> Hit | None:
        for at, marked, strong in reversed(self._run(part, state.at)):
            if at >= len(self._said) or (part.marked and not marked):
                continue
            fits, end = self._fit(slot, at, state.so_far)
            if fits is None:
                continue
            if not slot.many:
                return Hit(part, end, fits, strong=strong)
            items, end = self._more(part, slot, [fits], end)
            return Hit(part, end, {}, tuple(items), strong=strong)
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
            if self._kinds.is_name(token) or self._is_choice(token):
                return at
            empty = self._empty(slot.kind, token) and token.folded not in ARTICLES
            if empty or token.folded in _REPEATED.get(slot.kind, ()):
                return at + 1
        return at

    def _is_choice(self, token: Token) -> bool:
        """Tell whether a word is one of those that a slot chooses from: `who api release`."""
        kinds = (part.slot.kind for part in self._usage.parts if part.slot)
        return any("|" in kind and isinstance(self._kinds.fit(kind, token.word, {}), Fits) for kind in kinds)

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


def _moved(state: State, at: int) -> State:
    return replace(state, at=at)
