"""What a card knows besides the run itself, and the messages that a run should have in Slack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from bot.slack.blocks import Block
from bot.slack.marks import Mark, Say, escape, mention
from commands.naming import in_names_of
from storage.model.release import Release


class Priority(IntEnum):
    """Who goes first when Slack's limits let only one message through; lower goes first."""

    QUESTION = 0
    """A failure, or a question to people."""
    END = 1
    ANSWER = 2
    CARD = 3
    DETAIL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The run that does another one again, the newest of them."""

    run: str
    address: str
    """Where its thread is; empty while it has none."""
    going_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a release would make of what runs in its environment, one line per commit, newest first."""

    brings: tuple[str, ...] = ()
    undoes: tuple[str, ...] = ()
    """What runs there and would not run any more."""

    @property
    def back(self) -> bool:
        """Tell whether it brings nothing new: it is older than what runs there."""
        return bool(self.undoes) and not self.brings


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the cards of one run need to know that is not in its journal."""

    say: Say
    names: Mapping[str, str] = field(default_factory=dict)
    """User id -> name, for places where Slack does not draw mentions."""
    mentions: bool = True
    """Whether the requester wants to be mentioned: when the run has ended, failed, or has its turn."""
    approvers: tuple[str, ...] = ()
    """User ids of the people who may approve this run."""
    lacking: str = ""
    """Why there are too few of them and what to do, to be said; empty when there are enough."""
    changes: Difference = Difference()
    """What an approval would change in the environment."""
    running: Release | None = None
    """What runs in the environment before this run changes it."""
    onward: tuple[str, ...] = ()
    """Environments that release what this run has deployed, once somebody asks."""
    previous: Release | None = None
    """What a rollback would bring back."""
    page: str = ""
    """Address of the run's own page, when there are pages."""
    logs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Stage and action that failed -> address of its log's own page, when there are pages."""
    card: str = ""
    """Address of the run's card, once it is posted."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """Stage -> address of the question whether it may go on, once that is posted and while it is open."""
    again: Again | None = None
    """The run that does this one again."""

    @property
    def moving(self) -> tuple[object, ...]:
        """What may have become another since the run itself last did."""
        return self.running, self.card, self.questions, self.again

    def requester(self, user: str) -> Mark:
        """Mention the requester, or only name them when they want no notification."""
        return mention(user) if self.mentions else escape(self.name(user))

    def name(self, user: str) -> str:
        """Give somebody's name as plain text."""
        return self.names.get(user, user)

    def words(self, text: str) -> str:
        """Say what Estiva worded (a reason, a hint) in the reader's language, with names in it instead of ids."""
        return in_names_of(self.name, self.say, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One message as it should stand in Slack now. The same key is the same message."""

    key: str
    channel: str
    blocks: tuple[Block, ...]
    text: str
    thread_of: str | None = None
    """Key of the message in whose thread this one belongs."""
    thread: str | None = None
    """`ts` of that message, when it is not one of ours."""
    broadcast: bool = False
    """Shown in the channel too, although it belongs to a thread."""
    event: str = "estiva_run"
    payload: Mapping[str, str] = field(default_factory=dict)
    """Metadata, by which the message is recognised: run, key, status."""
    priority: Priority = Priority.DETAIL
    late: bool = False
    """Only what was said in time is mended: it is not said any more where it was not."""
    settled: bool = False
    """The last state of this message: no gathering of further changes is worth waiting for."""
    version: int = 0
    """Sequence of the newest event it shows; an older version never replaces a newer one."""
    before: frozenset[str] = frozenset()
    """Keys of messages that belong after this one in its thread."""
    belated: Block | None = None
    """What it says besides when one of those stands there already."""
    instead: str | None = None
    """User id of the person who gets the message when Estiva may not write in the channel."""
