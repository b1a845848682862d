"""What travels over Slack's wire: JSON objects, ids, and the refusal of a Web API call."""

import secrets
import string
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""One JSON object in Slack's own shape. Inside the workspace Slack's shapes are the nouns, so they stay as they are."""

TEAM = "T0ESTIVA1"
APP = "AESTIVA01"
BOT = "BESTIVA01"
BOT_USER = "UESTIVA01"

_ALPHABET = string.ascii_uppercase + string.digits


def fresh(prefix: str, length: int = 10) -> str:
    """Return a new id that looks like Slack's: the kind's letter, then capitals and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class SlackError(Exception):
    """A Web API call is refused, by Slack's name for the reason; `extra` is added to the answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def answer(self) -> Json:
        """Return the body that Slack sends for this refusal."""
        return {"ok": False, "error": self.error, **self.extra}
