"""What happened between the app and the workspace, kept for assertions: calls and deliveries."""

from collections import deque
from itertools import count

from bot.workspace.wire import Json

_KEPT = 10_000


class Log:
    """The last calls of the Web API and the last deliveries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Json] = deque(maxlen=_KEPT)
        self._numbers = count(1)

    def add(self, kind: str, **entry: object) -> Json:
        """Add an entry and return it: a delivery is filled in when it is acked."""
        whole: Json = {"number": next(self._numbers), "kind": kind, **entry}
        self._entries.append(whole)
        return whole

    def after(self, number: int = 0, kind: str = "", method: str = "") -> list[Json]:
        """Return the entries after `number`, of one kind ("call", "delivery"), of one method or delivery type."""
        return [
            entry
            for entry in self._entries
            if entry["number"] > number
            and kind in ("", entry["kind"])
            and method in ("", entry.get("method", entry.get("type")))
        ]

    def clear(self) -> None:
        """Forget the entries; numbers go on."""
        self._entries.clear()
