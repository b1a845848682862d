"""From a message to a command: four different answers, never a guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands import asking
from commands.answers import Conversation, Unclear, Understood, Why
from commands.book import book
from commands.grammar import FORCE, compiled
from commands.little import is_courtesy
from commands.matcher import Matched, match
from commands.sentence import Call, Sentence, read
from commands.texts import DEFAULT
from commands.tokens import LONGEST, tidy, tokens
from commands.words import Words

__all__ = ["Conversation", "Unclear", "Understood", "parse"]


def parse(text: str, words: Words, language: str = DEFAULT) -> Understood | Unclear | Conversation:
    """Read one message. Nothing is started by reading."""
    clean = tidy(text)
    if not clean:
        return Conversation(Why.EMPTY)
    if "\n" in clean:
        return Conversation(Why.LINES)
    if clean.startswith("> "):
        return Conversation(Why.QUOTED)
    said = tokens(clean)
    if is_courtesy(said):
        return asking.courtesy(language)
    sentence = read(said, words)
    if sentence.negated:
        return Conversation(Why.NEGATED) if sentence.calls else asking.nothing(language)
    return _Parse(clean, sentence, words, language).answer()


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
        if not command.reads:
            if self.sentence.asks:
                return ask.question(self.sentence, call, readings)
            if call.noun:
                return ask.mentioned(call, readings)
        begins = self.sentence.calls[0]
        if len(readings) > 1 or call.doubtful or (begins.first and not call.first):
            return ask.which(command, readings)
        reading = readings[0]
        if not call.forced:
            return Understood(command, reading.each, reading.usage)
        if not reading.usage.forced:
            return ask.unforced(command, reading)
        each = tuple({**arguments, FORCE: "true"} for arguments in reading.each)
        forced = Understood(command, each, reading.usage)
        return forced if all(arguments.get("reason") for arguments in each) else ask.reason(forced)
