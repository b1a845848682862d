"""What a command is: its usage lines, its examples, who may give it, and what it does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from commands.directory import Groups
from commands.texts import later, phrase
from runners.contract import ActionFailed
from storage.model.catalog import Catalog, Person
from storage.model.reply import Offer, Reply, Table, Verdict
from storage.model.request import Request
from storage.model.worded import in_words_of

if TYPE_CHECKING:
    from commands.desk import Desk


class Topic(StrEnum):
    """What a command is for: the lines of the first screen of help, in this order."""

    DELIVER = later("Deliver")
    STEER = later("Steer a run")
    DECIDE = later("Decide")
    LOOK = later("Look")
    HELP = later("Get along")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing that can be asked. Each has a file of its own in `commands/verbs/`."""

    name: str
    """What the policy calls it."""
    verbs: tuple[str, ...]
    """Words that begin it; the first is the one that help shows. Of a Portuguese verb the infinitive is enough."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Language -> the verb that help shows in it instead."""
    usage: tuple[str, ...]
    """What follows the verb, see `commands.grammar`. When two lines fit with different arguments, it is asked which."""
    summary: str
    """One sentence, shown by help."""
    examples: tuple[str, ...]
    """Whole messages that must parse as this command, in every language (a test reads them)."""
    topic: Topic = Topic.LOOK
    handle: "Callable[[Asked], Awaitable[Reply]]"
    """Authorises, acts, answers. Raises `Refused` for what the person can mend."""
    check: "Callable[[Asked], Awaitable[object]] | None" = None
    """Refuses what `handle` would refuse, and does nothing: for a form that says so before it is sent."""
    besides: Mapping[str, str] = field(default_factory=dict)
    """Argument -> the right that it takes besides the command's own."""
    everywhere: bool = False
    """Nobody may do it to a place who may not do it in all of that."""
    loose: tuple[str, ...] = ()
    """Verbs of it that also mean something else: `update me on api`. They are asked back, never done."""
    brings: bool = False
    """It brings something to a place: `of production` does not say where to."""
    personal: bool = False
    """A decision of the person's own: nothing that may be said to somebody else is taken for it."""
    reads: bool = False
    """It only looks: it may be asked as a question, and who may is read from what Slack said within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One understood request on its way to its handler."""

    desk: "Desk"
    request: Request
    command: Command
    arguments: Mapping[str, str]
    language: str
    catalog: Catalog
    """The catalog as it was when the request was read; one request never sees two catalogs."""
    groups: Groups = field(default_factory=dict)
    """Who was in the user groups that the policy names, when the request was read."""

    def say(self, message: str, **values: object) -> str:
        """Put a message into the asker's language."""
        return phrase(self.language, message, **values)

    def name(self, user: str) -> str:
        """Give the name of somebody, or the id when the catalog does not know them."""
        person: Person | None = self.catalog.person(user)
        return person.name if person else user


def sentence(asked: Asked, problem: ActionFailed) -> str:
    """Say what failed, and what to do about it, to the asker."""
    reason, hint = in_words_of(asked.say, problem.reason), in_words_of(asked.say, problem.hint)
    return f"{_capital(reason.removesuffix('.'))}." + (f" {_capital(hint)}" if hint else "")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


class Refused(Exception):  # noqa: N818 - an answer to a person, not an error of ours
    """The request cannot be granted; `text` is said to the person as it stands."""

    def __init__(
        self,
        text: str,
        *,
        table: Table | None = None,
        offers: tuple[Offer, ...] = (),
        verdict: Verdict = Verdict.REFUSED,
        run: str | None = None,
        about: str = "",
    ) -> None:
        """Take what to say, what the person can do instead, and the argument that is wrong, when it is one."""
        super().__init__(text)
        self.text = text
        self.table = table
        self.offers = offers
        self.verdict = verdict
        self.run = run
        self.about = about
