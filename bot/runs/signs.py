"""How a status is shown: a sign and a word, never a colour alone."""

from bot.slack.marks import Say
from storage.model.run import Status

_SIGNS = {
    Status.REQUESTED: "○",
    Status.WAITING: "◷",
    Status.RUNNING: "◐",
    Status.SUCCEEDED: "✓",
    Status.FAILED: "✗",
    Status.CANCELLED: "■",
    Status.BROKEN: "!",
}
SKIPPED = "-"


def sign(status: Status, *, skipped: bool = False) -> str:
    """Give one character."""
    return SKIPPED if skipped else _SIGNS[status]


def word(status: Status, say: Say, *, skipped: bool = False) -> str:
    """Give one word."""
    return say("not started") if skipped else say(status.value)
