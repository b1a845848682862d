"""Remembers the last few things, so that a look at the past does not bring them up again."""


class Recent:
    """A set that forgets its oldest members."""

    def __init__(self, most: int = 2000) -> None:
        """Keep `most` members."""
        self._most = most
        self._members: dict[str, None] = {}

    def add(self, member: str) -> None:
        """Remember one."""
        self._members[member] = None
        if len(self._members) > self._most:
            self._members.pop(next(iter(self._members)))

    def __contains__(self, member: str) -> bool:
        """Tell whether it is remembered."""
        return member in self._members
