"""Things that are good for a while or a few uses: socket tickets, trigger ids, response URLs, uploads."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

_REMEMBERED = 3600.0
Meaning = TypeVar("Meaning")


@dataclass(slots=True)
class _Issued(Generic[Meaning]):
    meaning: Meaning
    until: float
    uses: int


class Expired(Exception):  # noqa: N818 - reads as a sentence where it is caught
    """It was good once; not any more."""


class Used(Exception):  # noqa: N818 - the same
    """All its uses are spent."""


class Tickets(Generic[Meaning]):
    """Issues unguessable names for meanings; each good for `uses` uses within `seconds`."""

    def __init__(self, clock: Callable[[], float], *, seconds: float, uses: int = 1) -> None:
        self._clock = clock
        self._seconds = seconds
        self._uses = uses
        self._issued: dict[str, _Issued[Meaning]] = {}

    def issue(self, meaning: Meaning) -> str:
        """Return a new name for `meaning`."""
        self._forget_old()
        name = secrets.token_hex(16)
        self._issued[name] = _Issued(meaning, self._clock() + self._seconds, self._uses)
        return name

    def use(self, name: str) -> Meaning:
        """Return the meaning and spend one use. KeyError: never issued; Expired; Used."""
        issued = self._issued[name]
        if issued.uses < 1:
            raise Used
        if self._clock() > issued.until:
            raise Expired
        issued.uses -= 1
        return issued.meaning

    def _forget_old(self) -> None:
        """Let go of what expired an hour ago; all last equally long, so the oldest come first."""
        while self._issued:
            name, oldest = next(iter(self._issued.items()))
            if self._clock() < oldest.until + _REMEMBERED:
                return
            del self._issued[name]
