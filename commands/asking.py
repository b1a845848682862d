"""What is asked back: the error at the word, the names that are near, and the whole message put right, as buttons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from commands.answers import Conversation, Unclear, Understood, Why
from commands.book import book
from commands.command import Command
from commands.doubt import Doubt
from commands.grammar import FORCE, Part, compiled
from commands.little import PASSING, phrase_at
from commands.matcher import nearly
from commands.printer import printed
from commands.reading import Matched, Nearly, Slip, Stuck
from commands.sentence import Call, Sentence, tells
from commands.texts import DEFAULT, later, listing, phrase
from commands.tokens import Token
from commands.usage import in_language, usage_line
from commands.words import Words
from storage.model.reply import Offer

_KIND_NAMES = {
    "service": later("a service"),
    "target": later("a service"),
    "environment": later("an environment"),
    "source": later("an environment"),
    "ref": later("a branch, tag or commit"),
    "plain_ref": later("a branch, tag or commit"),
    "pipeline": later("a pipeline"),
    "variables": later("variables, such as `VERSION=1.2`"),
    "run": later("a run, such as `hello-12`"),
    "approval": later("a run that waits for approval, such as `hello-12`"),
    "gate": later("a run that is paused, such as `hello-12`"),
    "stage": later("a stage of the run"),
    "command": later("a command"),
    "code": later("the code of your authenticator"),
    "count": later("a number from 1 to 100"),
    "number": later("a number"),
    "duration": later("a duration, such as `2h`"),
    "person": later("somebody of the catalog"),
    "reason": later("`because` and a reason"),
    "since": later("a time such as `10m`, `2h`, `3d` or `2026-03-31`"),
    "action": later("an action of the run"),
    "release": later("a release, such as `hello-12`"),
    "earlier": later("a release, such as `hello-12`"),
    "words": later("words to look for"),
}
_MOST, _LABEL = 5, 75
"""Names that are offered, and characters on a button."""


def nothing(language: str) -> Unclear:
    """Answer to what is no command at all."""
    text = phrase(
        language,
        "I did not understand that. Say `help` to see what you can ask, or `status` to see what runs where.",
    )
    return Unclear(text, _first_steps(language))


def courtesy(language: str) -> Unclear:
    """Answer to a greeting or to thanks, and to nothing else."""
    text = phrase(language, "At your service! Say `help` to see what you can ask.")
    return Unclear(text, _first_steps(language))


def _first_steps(language: str) -> tuple[Offer, ...]:
    return (
        Offer(label=phrase(language, "Help"), command="help"),
        Offer(label=phrase(language, "Status"), command="status"),
    )


class Asking:
    """Asks back about one message, in one language."""

    def __init__(self, text: str, words: Words, language: str = DEFAULT) -> None:
        """Take the tidied message."""
        self._text = text
        self._words = words
        self._language = language

    def back(self, sentence: Sentence) -> Unclear | Conversation:
        """Answer a message that is no command: the nearest one is offered, or nothing is asked."""
        first = next((call for call in sentence.calls if call.first), None)
        near = self._nearest(first) if first else None
        if sentence.asks and not (first and near and self._reads(first) and self._is_meant(near)):
            return self._about(sentence)
        if first and near:
            if first.noun and not self._reads(first):
                return Conversation(Why.MENTIONED)
            return self._wrong(sentence, first, near)
        for call in sentence.calls:
            near = self._nearest(call)
            if not call.noun and self._is_meant(near):
                return self._missing(call, near)
        return self._no_verb(sentence)

    def question(self, sentence: Sentence, call: Call, readings: Sequence[Matched]) -> Unclear | Conversation:
        """Answer a question in the words of a command: it is offered, not given."""
        if call.noun or not call.first:
            return self._about(sentence)
        text = phrase(self._language, "Was that a question? I started nothing.")
        return Unclear(text, self._said(book()[call.command], readings), call.command)

    def mentioned(self, call: Call, readings: Sequence[Matched]) -> Unclear:
        """Answer to a command that is named like a thing: `the deploy of api to homolog`."""
        text = phrase(self._language, "You speak of a command, so I started nothing. Is it what you want?")
        return Unclear(text, self._said(book()[call.command], readings), call.command)

    def doubted(self, sentence: Sentence, call: Call, readings: Sequence[Matched], why: Doubt) -> Unclear:
        """Ask whether a command is wanted that a little word puts in doubt; and whether only to look."""
        looks = (self._look(self._named(sentence.said))[1],) if why in (Doubt.SHOW, Doubt.LOOSE) else ()
        return Unclear(phrase(self._language, why), looks + self._said(book()[call.command], readings), call.command)

    def which(self, command: Command, readings: Sequence[Matched]) -> Unclear:
        """Ask which of several readings is meant."""
        text = phrase(self._language, "I am not sure what you mean. Is it this?")
        return Unclear(text, self._said(command, readings), command.name)

    def unforced(self, command: Command, reading: Matched) -> Unclear:
        """Say that a command cannot be forced."""
        text = phrase(self._language, "`{command}` cannot be forced with `!`.", command=command.name)
        return Unclear(text, self._said(command, [reading]), command.name)

    def reason(self, forced: Understood) -> Unclear:
        """Ask why something is to be forced."""
        said = printed(forced.command, forced.usage, forced.each, self._language)
        text = phrase(
            self._language,
            "`!` goes past what protects an environment, so it needs a reason: `{command}`",
            command=said + " " + phrase(self._language, "because ..."),
        )
        plain = [{k: v for k, v in arguments.items() if k != FORCE} for arguments in forced.each]
        return Unclear(
            text, (self._offer(printed(forced.command, forced.usage, plain, self._language)),), forced.command.name
        )

    def _about(self, sentence: Sentence) -> Unclear | Conversation:
        """Answer a question that is not ours to answer in full: by what is known of what it names."""
        named = self._named(sentence.said)
        if not named and not sentence.calls:
            return nothing(self._language)
        text = later("That sounds like a question, so I started nothing. Is this what you want to know?")
        command, offer = self._look(named)
        return Unclear(phrase(self._language, text), (offer,), command)

    def _look(self, named: Mapping[str, str]) -> tuple[str, Offer]:
        """Offer to look at what is named: at the log of a run, else at what runs there."""
        command = book()["logs" if "run" in named else "status"]
        wanted = {"run"} if "run" in named else set(named)
        usage = next(u for u in map(compiled, command.usage) if wanted <= {p.slot.name for p in u.parts if p.slot})
        return command.name, self._offer(printed(command, usage, [named], self._language))

    def _named(self, said: Sequence[Token]) -> dict[str, str]:
        found: dict[str, str] = {}
        for token in said[:20]:
            for kind in ("service", "environment", "run"):
                fits = self._words.read(kind, token.word)
                if fits:
                    found.setdefault(kind, fits[""])
        return found

    def _reads(self, call: Call) -> bool:
        return book()[call.command].reads

    def _nearest(self, call: Call) -> Nearly:
        """Give the usage line that takes most of the words."""
        lines = map(compiled, book()[call.command].usage)
        every = [nearly(usage, call.said, self._text, self._words, call.verb_at) for usage in lines]
        return min(every, key=lambda near: near.cost)

    def _is_meant(self, near: Nearly) -> bool:
        """Tell whether all words have a place, if need be with slips put right."""
        return not near.stuck or (all(stuck.part for stuck in near.stuck[:2]) and len(near.stuck) == 1)

    def _wrong(self, sentence: Sentence, call: Call, near: Nearly) -> Unclear | Conversation:
        left = [call.said[stuck.at] for stuck in near.stuck if stuck.at < len(call.said)]
        untold = any(part.slot and part.slot.rest for part in near.missing)  # its words may be the reason
        if left and tells(left) and not untold and not sentence.asks and (call.noun or not self._reads(call)):
            return Conversation(Why.MENTIONED)
        return self._missing(call, near)

    def _no_verb(self, sentence: Sentence) -> Unclear | Conversation:
        """Offer what the first word may have been meant to be, where the rest then makes sense."""
        meant = [(call, near) for call in sentence.guesses if self._is_meant(near := self._nearest(call))]
        if not meant:
            return Conversation(Why.MENTIONED) if sentence.calls else nothing(self._language)
        call = meant[0][0]
        quoted = listing(self._language, dict.fromkeys(f"`{call.meant}`" for call, _ in meant))
        text = phrase(
            self._language, "I know no command `{word}`. Did you mean {nearest}?", word=call.verb, nearest=quoted
        )
        offers = [offer for call, near in meant for offer in self._offers(call, near)]
        return Unclear(text, tuple(dict.fromkeys(offers))[:_MOST], call.command)

    def _missing(self, call: Call, near: Nearly) -> Unclear:
        command = book()[call.command]
        text = self._complaint(call, near)
        text += "\n" + phrase(
            self._language, "Usage: `{usage}`", usage=usage_line(command, near.usage.line, self._language)
        )
        return Unclear(text, self._offers(call, near), command.name)

    def _complaint(self, call: Call, near: Nearly) -> str:
        """Say what was expected where the first trouble is."""
        troubles: list[Slip | Stuck] = sorted([*near.slips, *near.stuck], key=lambda trouble: trouble.at)
        trouble = troubles[0] if troubles else self._end(call, near)
        part = trouble.part or (near.missing[0] if near.missing else None)
        found = call.said[trouble.at].word if troubles and trouble.at < len(call.said) else None
        before = self._before(call, self._spoken(call, trouble.at))
        if part is None:
            return phrase(
                self._language, "I did not expect `{word}` after `{before}`.", word=found or "", before=before
            )
        known = trouble.nearest if isinstance(trouble, Slip) else ()
        return self._expected(part, found, before, known)

    def _end(self, call: Call, near: Nearly) -> Stuck:
        """Give where what is missing belongs: the first name behind the verb, any other one at the end."""
        part = near.missing[0] if near.missing else None
        first = next((each for each in near.usage.parts if each.slot), None)
        at = call.verb_at if part is not None and part is first else len(call.said)
        return Stuck(at, part)

    def _spoken(self, call: Call, at: int) -> int:
        """Go back over what says nothing: `deploy api please`."""
        while at > call.verb_at:
            named = self._words.is_name(call.said[at - 1])
            length = next((n for n in range(1, min(at, 4) + 1) if _passes(call.said, at - n, at) and not named), 0)
            if not length:
                break
            at -= length
        return at

    def _before(self, call: Call, at: int) -> str:
        """Give the word before a place, or the verb."""
        return call.said[at - 1].word if at and at != call.verb_at else call.verb.rstrip(":")

    def _expected(self, part: Part, found: str | None, before: str, known: Sequence[str]) -> str:
        wanted = self._wanted(part)
        if found is None or (part.slot and part.slot.rest):
            text = phrase(self._language, "I expected {wanted} after `{before}`.", wanted=wanted, before=before)
        else:
            text = phrase(
                self._language,
                "I expected {wanted} after `{before}`, but `{word}` is none that I know.",
                wanted=wanted,
                before=before,
                word=found,
            )
        choices = self._choices(part)
        if known:
            names = listing(self._language, (f"`{name}`" for name in known))
            return text + " " + phrase(self._language, "Did you mean {nearest}?", nearest=names)
        if choices:
            names = listing(self._language, (f"`{name}`" for name in choices))
            return text + " " + phrase(self._language, "It can be {choices}.", choices=names)
        return text

    def _wanted(self, part: Part) -> str:
        if part.slot is None:
            return listing(self._language, (f"`{word}`" for word in in_language(part.words, self._language)[:3]))
        kind = part.slot.kind
        if "|" in kind:
            return listing(self._language, (f"`{word}`" for word in kind.split("|")))
        return phrase(self._language, _KIND_NAMES.get(kind, part.slot.name))

    def _choices(self, part: Part) -> tuple[str, ...]:
        kind = part.slot.kind if part.slot else ""
        names = {
            "service": self._words.services,
            "target": self._words.services,
            "environment": self._words.environments,
            "source": self._words.environments,
        }.get(kind)
        return names()[:_MOST] if names else ()

    def _offers(self, call: Call, near: Nearly) -> tuple[Offer, ...]:
        """Offer the message with all slips put right at once, and the first missing name filled in."""
        near = self._joined(call, near)
        if len(near.stuck) > 1 or (near.stuck and not near.stuck[0].part and not near.missing):
            return ()
        command = book()[call.command]
        forced = {FORCE: "true"} if call.forced and near.usage.forced else {}
        right = {key: value for slip in near.slips for key, value in self._fit(slip.part, slip.nearest[0]).items()}
        each = [{**right, **arguments, **forced} for arguments in near.each]
        texts = [
            printed(command, near.usage, [{**arguments, **choice} for arguments in each], self._language)
            for choice in self._fillings(near)
        ]
        return tuple(self._offer(text) for text in dict.fromkeys(texts))

    def _joined(self, call: Call, near: Nearly) -> Nearly:
        """Take names that only lack the word between them: `deploy api web to homolog`."""
        several = next((part.slot for part in near.usage.parts if part.slot and part.slot.many), None)
        words = [call.said[stuck.at].word for stuck in near.stuck if stuck.at < len(call.said)]
        more = [self._words.read(several.kind, word) for word in words] if several and near.items else []
        found = tuple(values for values in more if values is not None and values not in near.items)
        return replace(near, items=near.items + found, stuck=[]) if found and len(found) == len(near.stuck) else near

    def _fillings(self, near: Nearly) -> Iterator[Mapping[str, str]]:
        """Give what can be put in: the names for what is missing, or those near to the one word that is wrong."""
        missing = near.missing or tuple(stuck.part for stuck in near.stuck if stuck.part)
        if missing:
            yield from (self._fit(missing[0], choice) for choice in self._choices(missing[0]))
        elif len(near.slips) == 1:
            yield from (self._fit(near.slips[0].part, name) for name in near.slips[0].nearest)
        else:
            yield {}

    def _fit(self, part: Part, name: str) -> dict[str, str]:
        assert part.slot is not None  # noqa: S101 - only slots can be filled
        values = self._words.read(part.slot.kind, name) or {}
        return {key or part.slot.name: value for key, value in values.items()}

    def _said(self, command: Command, readings: Sequence[Matched]) -> tuple[Offer, ...]:
        return tuple(self._offer(printed(command, each.usage, each.each, self._language)) for each in readings)

    def _offer(self, command: str) -> Offer:
        return Offer(label=command[:_LABEL], command=command)


def _passes(said: Sequence[Token], start: int, end: int) -> bool:
    """Tell whether some words are one little phrase, or a sign."""
    return (end == start + 1 and said[start].silent) or (phrase_at(PASSING, said, start) or (None, 0))[1] == end
