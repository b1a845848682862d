"""What was asked and what was answered: durable before it is acknowledged."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from storage import codec
from storage.chain import Scribe
from storage.database import Database, OutcomeUnknown
from storage.model.event import Fact
from storage.model.reply import Reply
from storage.model.request import Request, Via
from storage.tables import RequestRow

_TABLE = SQLModel.metadata.tables["requests"]


class Requests:
    """Requests by their delivery identity, each with its reply once it has one."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep requests in `database`."""
        self._database = database
        self._scribe = scribe

    async def accept(self, request: Request, taker: str | None = None) -> bool:
        """Keep a request; committed on return. True when it is new, False when it was delivered before.

        `taker` names the process that handles it; others leave it alone as long as that one lives.
        """
        values = {
            "id": request.id,
            "via": request.via.value,
            "team": request.team,
            "channel": request.channel,
            "user": request.user,
            "text": self._scribe.cleaner.text(request.text),
            "at": request.at,
            "thread": request.thread,
            "message": request.message,
            "taker": taker,
        }
        try:
            await self._database.insert(_TABLE, values)
        except IntegrityError:
            return False
        except OutcomeUnknown:
            return await self._accept_again(request, taker)
        return True

    async def _accept_again(self, request: Request, taker: str | None) -> bool:
        """After a lost commit nobody can tell a new request from an old one; handled twice is better than never."""
        await self.accept(request, taker)
        return True

    async def get(self, request_id: str) -> Request | None:
        """Return a request by its delivery identity."""

        def work(session: Session) -> Request | None:
            row = session.get(RequestRow, request_id)
            return None if row is None else _request(row)

        return await self._database.read(work)

    async def unanswered(self) -> list[Request]:
        """Return requests without a reply, oldest first: what a crash left behind."""
        return [request for request, _ in await self.taken()]

    async def taken(self) -> list[tuple[Request, str | None]]:
        """Return requests without a reply, oldest first, each with the process that took it."""
        statement = select(RequestRow).where(col(RequestRow.reply).is_(None)).order_by(col(RequestRow.at))

        def work(session: Session) -> list[tuple[Request, str | None]]:
            return [(_request(row), row.taker) for row in session.exec(statement)]

        return await self._database.read(work)

    async def take_over(self, request_id: str, taker: str | None, by: str) -> bool:
        """Take an unanswered request from a process that died. False when another one did, or it is answered."""
        statement = (
            sa.update(RequestRow)
            .where(
                col(RequestRow.id) == request_id,
                col(RequestRow.reply).is_(None),
                col(RequestRow.taker).is_not_distinct_from(taker),
            )
            .values(taker=by)
            .returning(col(RequestRow.id))
        )
        return await self._database.write(lambda session: session.execute(statement).first() is not None)

    async def answer(self, request_id: str, reply: Reply, facts: Iterable[Fact] = ()) -> bool:
        """Keep the reply and journal `facts` in the same transaction. False (and nothing) when already answered."""
        facts = list(facts)
        text = codec.canonical(self._scribe.cleaner.json(codec.plain(reply)))

        def work(session: Session) -> bool:
            statement = (
                sa.update(RequestRow)
                .where(col(RequestRow.id) == request_id, col(RequestRow.reply).is_(None))
                .values(reply=text, answered_at=self._scribe.now())
                .returning(col(RequestRow.id))
            )
            if session.execute(statement).first() is None:
                return False
            self._scribe.append(session, facts)
            return True

        return await self._database.write(work)

    async def tell(self, request: Request, reply: Reply) -> bool:
        """Keep what is said to somebody unasked, as a request that is answered already. Once for each id."""
        if not await self.accept(request, "notice"):
            return False
        return await self.answer(request.id, reply)

    async def unposted(self) -> list[tuple[Request, Reply]]:
        """Return answered requests whose reply was not yet shown, oldest first."""
        statement = (
            select(RequestRow)
            .where(col(RequestRow.reply).is_not(None), col(RequestRow.posted_at).is_(None))
            .order_by(col(RequestRow.at))
        )

        def work(session: Session) -> list[tuple[Request, Reply]]:
            return [(_request(row), codec.load(Reply, row.reply or "")) for row in session.exec(statement)]

        return await self._database.read(work)

    async def posted(self, request_id: str) -> None:
        """Note that the reply was shown."""
        statement = (
            sa.update(RequestRow)
            .where(col(RequestRow.id) == request_id, col(RequestRow.posted_at).is_(None))
            .values(posted_at=self._scribe.now())
        )
        await self._database.write(lambda session: session.execute(statement).close())


def _request(row: RequestRow) -> Request:
    return Request(
        id=row.id,
        via=Via(row.via),
        team=row.team,
        channel=row.channel,
        user=row.user,
        text=row.text,
        at=row.at,
        thread=row.thread,
        message=row.message,
    )
