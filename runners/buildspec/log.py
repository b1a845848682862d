"""The log of a build, in the grammar of CodeBuild's agent, without secrets."""

import re
import time
from collections.abc import Callable, Iterable

_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_SHORTEST = 4
_MASK = "***"


class Mask:
    """Hides secrets by their value, whole and line by line, and the ids of AWS's access keys."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the values; one of fewer than four characters would hide everything."""
        pieces = {piece for secret in secrets for piece in (secret, *secret.splitlines()) if len(piece) >= _SHORTEST}
        self._pieces = sorted(pieces, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Give a text without them."""
        for piece in self._pieces:
            text = text.replace(piece, _MASK)
        return _KEY_ID.sub(_MASK, text)

    def hides(self, value: str) -> bool:
        """Tell whether there is anything to hide in it."""
        return self(value) != value


class Log:
    """Where the lines of a build go: the agent's own, and those of its commands."""

    def __init__(self, take: Callable[[str], None], mask: Mask) -> None:
        """Take who gets each line, and what is hidden from them."""
        self._take = take
        self.mask = mask

    def line(self, text: str) -> None:
        """Hand on a line of a command."""
        self._take(self.mask(text))

    def say(self, *texts: str) -> None:
        """Say one line or more as the agent does."""
        now = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime())
        for text in texts:
            for each in text.splitlines():
                self._take(self.mask(f"[Container] {now} {each}"))

    def complete(self, phase: str, status: str, code: str = "", message: str = "") -> None:
        """Say how a phase ended."""
        self.say(f"Phase complete: {phase} State: {status}", f"Phase context status code: {code} Message: {message}")
