"""What people and channels have chosen: their language, and whether they are mentioned at the end of a run."""

from dataclasses import asdict, dataclass

from sqlmodel import Session

from storage.chain import Scribe
from storage.database import Database
from storage.model.catalog import Json
from storage.model.event import Fact, Kind
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

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep choices in `database`."""
        self._database = database
        self._scribe = scribe

    async def get(self, who: str) -> Preference:
        """Return what somebody has chosen."""
        return await self._database.read(lambda session: _kept(session, who))

    async def language(self, who: str) -> str | None:
        """Return the language that somebody has chosen."""
        return (await self.get(who)).language

    async def put(self, who: str, preference: Preference, *, by: str) -> bool:
        """Keep and journal what somebody has chosen, instead of what was before. False: that was the same."""

        def work(session: Session) -> bool:
            before = _kept(session, who)
            if before == preference:
                return False
            session.merge(PreferenceRow(who=who, **asdict(preference)))
            data: dict[str, Json] = {"who": who, **asdict(preference), "before": asdict(before)}
            self._scribe.append(session, [Fact(kind=Kind.PREFERENCE_CHANGED, actor=by, data=data)])
            return True

        return await self._database.write(work)


def _kept(session: Session, who: str) -> Preference:
    row = session.get(PreferenceRow, who)
    return Preference() if row is None else Preference(language=row.language, mentions=row.mentions)
