"""Channels and direct messages, and the timestamps that name their messages."""

from dataclasses import dataclass, field

from bot.workspace.people import ANA, BIA, ESTIVA, EVA, RUI
from bot.workspace.wire import BOT_USER, TEAM, Json

_SECOND = 1_000_000


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel (`kind` "channel") or a direct message with the bot ("im")."""

    id: str
    name: str
    kind: str = "channel"
    topic: str = ""
    members: list[str] = field(default_factory=list)
    messages: dict[str, Json] = field(default_factory=dict)
    """By ts, oldest first; replies of threads too."""
    ephemerals: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By person, then by ts."""
    reads: dict[str, str] = field(default_factory=dict)
    """By person: the ts read up to."""
    posted: dict[str, str] = field(default_factory=dict)
    """ts by client_msg_id: the same message sent twice is one message."""
    last: int = 0

    def next_ts(self, now: float) -> str:
        """Return a ts that is later than every earlier one of this channel."""
        self.last = max(int(now * _SECOND), self.last + 1)
        return f"{self.last // _SECOND}.{self.last % _SECOND:06d}"

    def put(self, message: Json) -> None:
        """Store `message` under its ts; later ones stay behind earlier ones."""
        self.messages[message["ts"]] = message
        seconds, _, fraction = message["ts"].partition(".")
        self.last = max(self.last, int(seconds) * _SECOND + int(fraction))
        if identity := message.get("client_msg_id"):
            self.posted[identity] = message["ts"]

    @property
    def partner(self) -> str:
        """Return the person at the other end of a direct message."""
        return next((member for member in self.members if member != BOT_USER), "")

    def conversation(self) -> Json:
        """Return the channel as `conversations.info` shows it."""
        common: Json = {"id": self.id, "created": 1764000000, "is_archived": False, "context_team_id": TEAM}
        if self.kind == "im":
            return common | {"is_im": True, "is_channel": False, "user": self.partner, "is_open": True}
        return common | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": False,
            "is_general": self.name == "general",
            "is_member": BOT_USER in self.members,
            "creator": ANA.id,
            "topic": {"value": self.topic, "creator": ANA.id, "last_set": 1764000000},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }


def _direct(person: str) -> Channel:
    return Channel(id="D0" + person[1:], name="estiva", kind="im", members=[person, BOT_USER])


def channels() -> list[Channel]:
    """Return the channels of a new workspace. The bot is not in #random: that is what `not_in_channel` is for."""
    people = [ANA.id, RUI.id, EVA.id, BIA.id]
    return [
        Channel(id="C0DEPLOYS", name="deploys", topic="What goes where", members=[*people, ESTIVA.id]),
        Channel(id="C0GENERAL", name="general", topic="Company-wide", members=[*people, ESTIVA.id]),
        Channel(id="C0RANDOM1", name="random", topic="Anything else", members=list(people)),
        *map(_direct, people),
    ]
