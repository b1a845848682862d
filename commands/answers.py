"""What a message can turn out to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from commands.command import Command
from commands.grammar import Usage
from commands.texts import later
from storage.model.reply import Offer


@dataclass(frozen=True, slots=True)
class Understood:
    """The message is this command, with these arguments; once for each service that it names."""

    command: Command
    each: tuple[Mapping[str, str], ...]
    usage: Usage

    @property
    def arguments(self) -> Mapping[str, str]:
        """The arguments, of the first of several."""
        return self.each[0]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The message is nearly a command, or none; nothing is done, and this is what to ask back."""

    text: str
    offers: tuple[Offer, ...] = ()
    command: str | None = None
    """The command that it nearly is; `None` for what is no command at all."""


class Why(StrEnum):
    """Why a message is only talk."""

    EMPTY = "empty"
    LINES = "lines"
    QUOTED = "quoted"
    LISTED = "listed"
    NEGATED = "negated"
    MENTIONED = "mentioned"


TALK = {
    Why.EMPTY: later("Say `help` to see what you can ask."),
    Why.LINES: later("I read one command a line at a time. Say `help` to see what you can ask."),
    Why.QUOTED: later("I take a quotation as talk, so I started nothing."),
    Why.LISTED: later("I take an item of a list as talk, so I started nothing."),
    Why.NEGATED: later("I read that as a no, so I started nothing."),
    Why.MENTIONED: later("I take that as talk, so I started nothing. Say `help` to see what you can ask."),
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """The message asks nothing of us: it is empty, has several lines, says no, or only speaks of a command."""

    why: Why
