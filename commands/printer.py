"""A command as the words that say it: what is printed and read again is the same command."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from commands.command import Command
from commands.grammar import FORCE, Part, Slot, Usage
from commands.little import WORDS
from commands.texts import DEFAULT
from commands.tokens import Token, fold
from commands.usage import in_language, verb


def printed(
    command: Command, usage: Usage, each: Sequence[Mapping[str, str]], language: str = DEFAULT, name: str = ""
) -> str:
    """Write a command by one of its usage lines; arguments that are not there are left out."""
    said = [(name or verb(command, language)) + ("!" if each[0].get(FORCE) else "")]
    taken = WORDS.union(*(part.markers for part in usage.parts))
    timing = frozenset[str]().union(*(p.markers for p in usage.parts if p.slot and p.slot.kind == "duration"))
    for part in usage.parts:
        value = _part(part, each, language, taken)
        said += map(partial(_whole, timing=timing), value) if part.slot and part.slot.rest else value
    return " ".join(said)


def _whole(text: str, timing: frozenset[str]) -> str:
    """Put a reason in quotes whose end would be read as a time: `tests for 2h`."""
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}" if timing.intersection(map(fold, text.split()[-3:-1])) else text


def _part(part: Part, each: Sequence[Mapping[str, str]], language: str, taken: frozenset[str]) -> Iterator[str]:
    if part.slot is None:
        if part.needed:
            yield (in_language(part.words, language) or list(part.words))[0]
        return
    values = list(dict.fromkeys(filter(None, (_value(part.slot, values, taken) for values in each))))
    if not values or part.slot.kind in ("ref", "plain_ref"):
        return  # a target's ref is printed with it
    if part.words:
        yield (in_language(part.words, language) or list(part.words))[0]
    yield ", ".join(values) if part.slot.many else values[0]


def _value(slot: Slot, values: Mapping[str, str], taken: frozenset[str]) -> str | None:
    if slot.kind == "target":
        if "service" not in values:
            return None
        return quoted(values["service"] + (f"@{values['ref']}" if values.get("ref") else ""), taken)
    value = values.get(slot.name)
    return value if value is None or slot.rest or slot.kind == "variables" else quoted(value, taken)


def quoted(value: str, taken: frozenset[str] = WORDS) -> str:
    """Put a value in quotes where it would not be read as one word, or as one of `taken`."""
    token = Token(value, 0)
    plain = token.word == value and token.folded not in taken and not set(value) & set(" ,=\"'<>")
    return value if plain and not token.silent else f'"{value}"'
