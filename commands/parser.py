"""From a message to a command: three different answers, never a guess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commands.book import book
from commands.command import Command
from commands.grammar import Matched, Part, Slot, Stuck, Word, match
from commands.texts import DEFAULT, later, listing, phrase
from commands.tokens import Token, fold, tidy, tokens
from commands.usage import in_language, usage_line
from commands.words import Words, nearest
from storage.model.reply import Offer


@dataclass(frozen=True, slots=True)
class Understood:
    """The message is this command with these arguments."""

    command: Command
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The message is nearly a command, or none; nothing is done, and this is what to ask back."""

    text: str
    offers: tuple[Offer, ...] = ()
    command: str | None = None
    """The command that it nearly is; `None` for what is no command at all."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The message is not for us: empty, or several lines of talk."""


def parse(text: str, words: Words, language: str = DEFAULT) -> Understood | Unclear | Conversation:
    """Read one message. Nothing is started by reading."""
    clean = tidy(text)
    if not clean or "\n" in clean:
        return Conversation()
    said = tokens(clean)
    name = words.verbs.get(said[0].folded)
    if name is None:
        return _no_verb(said, words, language)
    return _arguments(book()[name], said, words, language)


def _arguments(command: Command, said: Sequence[Token], words: Words, language: str) -> Understood | Unclear:
    best: Stuck | None = None
    for usage in command.usage:
        result = match(usage, said[1:], words)
        if isinstance(result, Matched):
            return Understood(command, result.values)
        if best is None or result.at > best.at:
            best = result
    assert best is not None  # noqa: S101 - a command has at least one usage line
    return _ask(command, said, best, words, language)


def _no_verb(said: Sequence[Token], words: Words, language: str) -> Unclear:
    close = nearest(said[0].text, words.verbs)
    rest = " ".join(token.text for token in said[1:])
    offers = tuple(Offer(label=f"{verb} {rest}".strip()[:75], command=f"{verb} {rest}".strip()) for verb in close)
    if close:
        quoted = listing(language, (f"`{verb}`" for verb in close))
        text = phrase(
            language, "I know no command `{word}`. Did you mean {nearest}?", word=said[0].text, nearest=quoted
        )
        return Unclear(text, offers, words.verbs[fold(close[0])])
    text = phrase(language, "I did not understand that. Say `help` to see what you can ask.")
    return Unclear(text, (Offer(label=phrase(language, "Help"), command="help"),))


_KIND_NAMES = {
    "service": later("a service"),
    "target": later("a service"),
    "environment": later("an environment"),
    "run": later("a run, such as `hello-12`"),
    "approval": later("a run that waits for approval, such as `hello-12`"),
    "command": later("a command"),
    "count": later("a number from 1 to 100"),
    "reason": later("a reason"),
    "since": later("a time such as `10m`, `2h`, `3d` or `2026-03-31`"),
    "person": later("somebody of the catalog"),
    "action": later("an action of the run"),
    "release": later("a release, such as `hello-12`"),
    "words": later("words to look for"),
}


def _ask(command: Command, said: Sequence[Token], stuck: Stuck, words: Words, language: str) -> Unclear:
    place = stuck.at + 1
    before = said[place - 1].text
    found = said[place].text if place < len(said) else None
    known = stuck.nearest if found else ()
    choices = known or _choices(stuck.wanted, words)
    wanted = _wanted(stuck.wanted, language)
    if not wanted:
        text = phrase(language, "I did not expect `{word}` after `{before}`.", word=found or "", before=before)
    elif found is None:
        text = phrase(language, "I expected {wanted} after `{before}`.", wanted=wanted, before=before)
    else:
        text = phrase(
            language,
            "I expected {wanted} after `{before}`, but `{word}` is none that I know.",
            wanted=wanted,
            before=before,
            word=found,
        )
    if known:
        text += " " + phrase(language, "Did you mean {nearest}?", nearest=listing(language, (f"`{n}`" for n in known)))
    elif choices:
        text += " " + phrase(language, "It can be {choices}.", choices=listing(language, (f"`{n}`" for n in choices)))
    text += "\n" + phrase(language, "Usage: `{usage}`", usage=usage_line(command, command.usage[0], language))
    return Unclear(text, _offers(command, said, place, choices, words), command.name)


def _wanted(part: Part, language: str) -> str:
    if isinstance(part, Slot):
        return phrase(language, _KIND_NAMES.get(part.kind, part.kind))
    if isinstance(part, Word) and part.any_of:
        return listing(language, (f"`{word}`" for word in in_language(part.any_of, language)[:3]))
    return ""


def _choices(part: Part, words: Words) -> tuple[str, ...]:
    if not isinstance(part, Slot):
        return ()
    every = {"service": words.services, "target": words.services, "environment": words.environments}.get(part.kind)
    return every()[:5] if every else ()


_LONGEST = 50
"""Words of a message that is worth correcting."""


def _offers(
    command: Command, said: Sequence[Token], place: int, choices: Sequence[str], words: Words
) -> tuple[Offer, ...]:
    """Offer the message with the wrong or missing word put right, but only where it then is a command."""
    if len(said) > _LONGEST:
        return ()  # talk, not a command with one slip
    corrected = (
        " ".join([*(token.text for token in said[:place]), choice, *(token.text for token in said[place + 1 :])])
        for choice in choices
    )
    return tuple(
        Offer(label=text[:75], command=text)
        for text in corrected
        if any(isinstance(match(usage, tokens(text)[1:], words), Matched) for usage in command.usage)
    )
