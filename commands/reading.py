"""What a usage line can make of the words around a verb: all of them, or as many as have a place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from commands.grammar import Part, Usage

Values = Mapping[str, str]


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
        return each_of(self.values, self.items)


@dataclass(frozen=True, slots=True)
class Hit:
    """A place for the next words: the part that takes them, and what it reads there."""

    part: Part
    end: int
    values: Values
    items: tuple[Values, ...] = ()
    strong: bool = False
    """It began with a word that introduces it: what such a word stands before is what it introduces."""


@dataclass(frozen=True, slots=True)
class State:
    """How far the words were read, and as what."""

    at: int = 0
    filled: frozenset[Part] = frozenset()
    values: Values = field(default_factory=dict)
    items: tuple[Values, ...] = ()
    passed: int = 0

    def takes(self, hit: Hit) -> bool:
        """Tell whether nothing is said twice; what a part adds to what it took before is not."""
        known = set(self.values).union(*self.items) - (set(hit.values) if hit.part in self.filled else set())
        return known.isdisjoint(set(hit.values).union(*hit.items))

    def after(self, hit: Hit) -> "State":
        """Go on behind a hit."""
        return replace(
            self,
            at=hit.end,
            filled=self.filled | {hit.part},
            values={**self.values, **hit.values},
            items=self.items + hit.items,
        )

    @property
    def so_far(self) -> Values:
        """What is known already, of the first of several."""
        return {**self.values, **(self.items[0] if self.items else {})}


def each_of(values: Values, items: tuple[Values, ...]) -> tuple[Values, ...]:
    """Give the arguments once for each of several services."""
    return tuple({**item, **values} for item in items) or (dict(values),)
