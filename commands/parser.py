"""From a message to a command: four different answers, never a guess."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from commands import asking
from commands.answers import Conversation, Unclear, Understood, Why
from commands.book import book
from commands.doubt import doubt
from commands.grammar import FORCE, compiled
from commands.little import is_courtesy
from commands.matcher import match
from commands.reading import Matched
from commands.sentence import Call, Sentence, read
from commands.texts import DEFAULT
from commands.tokens import LONGEST, tidy, tokens, unquoted
from commands.words import Words

_TO_DO = re.compile(r"[-*\u2022\s]*\[[\sx]?\]", re.IGNORECASE)

__all__ = ["Conversation", "Unclear", "Understood", "parse"]


def parse(text: str, words: Words, language: str = DEFAULT) -> Understood | Unclear | Conversation:
    """Read one message. Nothing is started by reading."""
    clean = tidy(text)
    talk = _talk(clean)
    if talk is not None:
        return Conversation(talk)
    inner = unquoted(clean)
    said = tokens(inner)
    if is_courtesy(said):
        return asking.courtesy(language)
    sentence = replace(read(said, words), quoted=inner != clean)
    if sentence.negated:
        return Conversation(Why.NEGATED) if sentence.calls else asking.nothing(language)
    return _Parse(inner, sentence, words, language).answer()


def _talk(text: str) -> Why | None:
    """Tell by its shape that a message is talk, whatever its words are."""
    if len(text.splitlines()) > 1:
        return Why.LINES
    if text.startswith(">"):
        return Why.QUOTED
    if _TO_DO.match(text):
        return Why.LISTED
    return None if text else Why.EMPTY


@dataclass(frozen=True, slots=True)
class _Parse:
    text: str
    sentence: Sentence
    words: Words
    language: str

    def answer(self) -> Understood | Unclear | Conversation:
        ask = asking.Asking(self.text, self.words, self.language)
        for call in self.sentence.calls:
            readings = self._readings(call)
            if readings:
                return self._decided(call, readings, ask)
        return ask.back(self.sentence)

    def _readings(self, call: Call) -> list[Matched]:
        """Give the different ways to read the words around a verb."""
        found: list[Matched] = []
        if len(call.said) > LONGEST and not any("..." in line for line in book()[call.command].usage):
            return found
        for line in book()[call.command].usage:
            usage = compiled(line)
            read = match(usage, call.said, self.text, self.words, call.verb_at)
            if read is not None and all(read.each != other.each for other in found):
                found.append(read)
        least = min((read.passed for read in found), default=0)
        return [read for read in found if read.passed == least]

    def _decided(
        self, call: Call, readings: Sequence[Matched], ask: "asking.Asking"
    ) -> Understood | Unclear | Conversation:
        command = book()[call.command]
        readings = _forced(readings) if call.forced else readings
        unsure = None if command.reads else self._unsure(call, readings, ask)
        if unsure is not None:
            return unsure
        begins = self.sentence.calls[0]
        if len(readings) > 1 or call.doubtful or (begins.first and not call.first):
            return ask.which(command, readings)
        reading = readings[0]
        understood = Understood(command, reading.each, reading.usage)
        if not call.forced:
            return understood
        if not reading.usage.forced:
            return ask.unforced(command, reading)
        return understood if all(arguments.get("reason") for arguments in reading.each) else ask.reason(understood)

    def _unsure(self, call: Call, readings: Sequence[Matched], ask: "asking.Asking") -> Unclear | Conversation | None:
        """Ask back where a command that acts is not plainly given."""
        if self.sentence.asks:
            return ask.question(self.sentence, call, readings)
        if call.noun:
            return ask.mentioned(call, readings)
        why = doubt(self.sentence, call, readings[0].each[0], self.words)
        return ask.doubted(self.sentence, call, readings, why) if why else None


def _forced(readings: Sequence[Matched]) -> list[Matched]:
    """Add the force to what can be forced."""
    return [
        replace(read, each=tuple({**arguments, FORCE: "true"} for arguments in read.each))
        if read.usage.forced
        else read
        for read in readings
    ]
