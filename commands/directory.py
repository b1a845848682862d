"""What a decision needs to know about accounts: who is a full member, and who is in a user group.

Only a small protocol stands here. The bot answers it with Slack, at the moment of the act.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """What kind of account somebody has. Only a `MEMBER` may ask for anything."""

    MEMBER = "member"
    GUEST = "guest"
    EXTERNAL = "external"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"
    """Slack knows no such account."""


Groups = Mapping[str, frozenset[str]]
"""Members by user group: `S0RELEASE` -> user ids."""


class DirectoryDown(Exception):  # noqa: N818 - says what is the matter
    """The directory did not answer, or not in time: nobody is let in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the directory said."""

    standing: Standing
    groups: Groups


class Directory(Protocol):
    """Answers for accounts and user groups. Raises `DirectoryDown`."""

    async def standing(self, user: str, *, fresh: bool = True) -> Standing:
        """Say what kind of account this is. `fresh`: ask now; else an answer of the last minute will do."""

    async def members(self, group: str, *, fresh: bool = True) -> frozenset[str]:
        """Say who is in a user group; a group that there is not has no members."""


async def known(directory: Directory, user: str, groups: Collection[str], *, fresh: bool) -> Known:
    """Ask for all that deciding on one person takes. Raises `DirectoryDown`."""
    standing = await directory.standing(user, fresh=fresh)
    if standing is not Standing.MEMBER:
        return Known(standing=standing, groups={})
    return Known(standing=standing, groups={name: await directory.members(name, fresh=fresh) for name in groups})
