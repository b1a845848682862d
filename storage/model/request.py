"""Who asked what, where, under which delivery identity."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Via(StrEnum):
    """The way in."""

    MENTION = "mention"
    DIRECT = "direct"
    SLASH = "slash"
    BUTTON = "button"
    MODAL = "modal"
    SHORTCUT = "shortcut"
    TERMINAL = "terminal"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing that somebody asked, as text. A button click is the text of the command that it offered."""

    id: str
    """The delivery identity, the same however often Slack delivers it: `msg/T1/C1/1700000000.000100`."""
    via: Via
    team: str
    channel: str
    user: str
    """Slack user id."""
    text: str
    """What was asked, with the mention of the bot removed."""
    at: datetime
    thread: str | None = None
    """`ts` of the thread it was asked in, when it was asked in one."""
    message: str | None = None
    """`ts` of the message itself (or of the message that carried the button)."""
