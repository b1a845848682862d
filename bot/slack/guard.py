"""The guard in front of Slack's HTTP route: only bytes that Slack signed, once, within five minutes, get in."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum

BODY = 1024 * 1024
"""Most bytes of a delivery; Slack's own are far smaller."""
_SKEW = 300
_MEMORY = 660.0
_REMEMBERED = 200_000
_DIGITS = 15


class Passage(Enum):
    """What to do with a delivery."""

    FRESH = "fresh"
    REPLAY = "replay"
    """Signed by Slack, but taken already."""
    REFUSED = "refused"


class Guard:
    """Knows the signing secret, and what came in lately."""

    def __init__(self, signing_secret: str, clock: Callable[[], float] = time.time) -> None:
        """Refuse to stand guard with an empty secret. `clock` gives seconds since 1970."""
        if not signing_secret:
            raise ValueError("HTTP mode needs the app's signing secret: set it, or use Socket Mode")
        self._secret = signing_secret.encode()
        self._clock = clock
        self._taken: OrderedDict[str, float] = OrderedDict()

    def check(self, headers: Mapping[str, str], body: bytes) -> Passage:
        """Judge a delivery by its headers and raw bytes. Never raises."""
        stamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _DIGITS):
            return Passage.REFUSED
        if abs(self._clock() - int(stamp)) > _SKEW:
            return Passage.REFUSED
        mac = hmac.new(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={mac}".encode(), signature.encode("utf-8", "surrogateescape")):
            return Passage.REFUSED
        return Passage.REPLAY if mac in self._fresh_memory() else Passage.FRESH

    def remember(self, headers: Mapping[str, str]) -> None:
        """Note that a delivery was taken, so that its copy is not. One that failed may come again."""
        mac = headers.get("X-Slack-Signature", "").removeprefix("v0=")
        self._taken[mac] = self._clock() + _MEMORY
        if len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)

    def _fresh_memory(self) -> Mapping[str, float]:
        """Drop what is older than any timestamp that would still pass."""
        now = self._clock()
        while self._taken and next(iter(self._taken.values())) < now:
            self._taken.popitem(last=False)
        return self._taken
