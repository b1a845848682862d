"""What people and channels have chosen: their language, and whether they are mentioned at the end of a run."""

from dataclasses import dataclass

from sqlmodel import Session

from storage.database import Database
from storage.tables import PreferenceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The choices of one person or channel; `None`: not chosen."""

    language: str | None = None
    """`en` or `pt_BR`."""
    mentions: bool | None = None
    """Whether the end of a run mentions the person, so that Slack notifies them."""


class Preferences:
    """Choices by the id of a user or channel."""

    def __init__(self, database: Database) -> None:
        """Keep choices in `database`."""
        self._database = database

    async def get(self, who: str) -> Preference:
        """Return what somebody has chosen."""

        def work(session: Session) -> Preference:
            row = session.get(PreferenceRow, who)
            return Preference() if row is None else Preference(language=row.language, mentions=row.mentions)

        return await self._database.read(work)

    async def language(self, who: str) -> str | None:
        """Return the language that somebody has chosen."""
        return (await self.get(who)).language

    async def put(self, who: str, preference: Preference) -> None:
        """Keep what somebody has chosen, instead of what was chosen before."""

        def work(session: Session) -> None:
            session.merge(PreferenceRow(who=who, language=preference.language, mentions=preference.mentions))

        await self._database.write(work)
