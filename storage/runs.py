"""Runs: opened by a request, walked in legs, ended once."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from storage import codec, cursors, ending, phases, statements
from storage.bell import ring
from storage.chain import Head, Scribe, events_of, hold, hold_run
from storage.database import Database
from storage.fence import Claim
from storage.model.event import Event, Fact, Kind
from storage.model.request import Request
from storage.model.run import REPEATING, Plan, Run, Status
from storage.model.worded import data_of
from storage.tables import EventRow, RunRow

_NAMED = re.compile(r"[`*<(\[]*#?(?:(?P<service>[\w.-]*?)[-#/ ])?#?(?P<number>\d{1,12})[`*>)\].,:;]*")


class Repeated(Exception):  # noqa: N818 - says who was first
    """A run that has not ended does the same run again already: `run`."""

    def __init__(self, run: str) -> None:
        """Take the id of that run."""
        super().__init__(run)
        self.run = run


class Runs:
    """The runs and where each of them stands."""

    def __init__(self, database: Database, scribe: Scribe) -> None:
        """Keep runs in `database`."""
        self._database = database
        self._scribe = scribe

    async def open(self, request: Request, plan: Plan, channel: str | None = None, thread: str | None = None) -> Run:
        """Open a run, leg 1 ready. The same request gives the same run again.

        Raises `Repeated` for one that does a run again which another one, not ended yet, does again already.
        """

        def work(session: Session) -> Run:
            # the head is held: of two openings by one request the second sees the first one's run
            head = hold(session.connection(), plan.environment.name)
            known = session.connection().execute(statements.RUN_BY_REQUEST, {"asked": request.id}).first()
            if known is None:
                _demand_alone(session, plan)
            ring(session)  # whoever opens it again may not know whether anybody heard
            return _run(known or self._open(session, head, request, plan, channel or request.channel, thread))

        return await self._database.write(work)

    def _open(
        self, session: Session, head: Head, request: Request, plan: Plan, channel: str, thread: str | None
    ) -> sa.Row[Any]:
        connection = session.connection()
        number = _next_number(connection, plan.service.name)
        row = {
            "id": f"{plan.service.name}-{number}",
            "number": number,
            "service": plan.service.name,
            "environment": plan.environment.name,
            "trigger": plan.trigger.value,
            "plan": codec.dump(plan),
            "origin": plan.origin,
            "request": request.id,
            "requester": request.user,
            "channel": channel,
            "thread": thread,
            "opened_at": self._scribe.now(),
            "status": Status.REQUESTED.value,
            "phase": phases.Phase.READY.value,
            "leg": 1,
            "cancel_requested": False,
            "sequence": 1,
            "told": 0,
            "epoch": 0,
        }
        opened = connection.execute(statements.ADD_RUN, row).one()
        self._scribe.write(connection, head, _requested(opened.id, request, plan), opened.sequence)
        return opened

    async def get(self, run_id: str) -> Run:
        """Return a run. Raises `KeyError` when there is none of that id."""
        return await self._database.read(lambda session: _get(session, run_id))

    async def opened_by(self, request: str) -> Run | None:
        """Return the run that a request has opened, if it has."""
        known = await self._list(RunRow.request == request)
        return known[0] if known else None

    async def told(self, run_id: str) -> tuple[Run, list[Event]]:
        """Return a run and its events, of one moment. Raises `KeyError` when there is none of that id."""
        return await self._database.read(
            lambda session: (_get(session, run_id), events_of(session.connection(), run_id))
        )

    async def find(self, text: str, service: str | None = None) -> Run | None:
        """Find a run by what people write: `hello-12`, `#12`, `12` (of `service`, or when only one run has it)."""
        named = _NAMED.fullmatch(text.strip())
        if named is None:
            return None
        condition: list[Any] = [RunRow.number == int(named["number"])]
        if wanted := named["service"] or service:
            condition.append(sa.func.lower(RunRow.service) == wanted.lower())
        found = await self._list(*condition, limit=2)
        return found[0] if len(found) == 1 else None

    async def recent(
        self,
        service: str | None = None,
        environment: str | None = None,
        limit: int = 20,
        *,
        requester: str | None = None,
        since: datetime | None = None,
    ) -> list[Run]:
        """Return the newest runs, newest first: those of a requester, or opened `since` a time, when given."""
        conditions = _of(service, environment)
        if requester is not None:
            conditions.append(RunRow.requester == requester)
        if since is not None:
            conditions.append(RunRow.opened_at >= since)
        return await self._list(*conditions, limit=limit)

    async def last_failed(self, service: str | None = None, environment: str | None = None) -> Run | None:
        """Return the newest run that ended failed or broken, or goes on although an action of it has."""
        bad = col(RunRow.status).in_([Status.FAILED, Status.BROKEN])
        found = await self._list(sa.or_(bad, _going_to_fail()), *_of(service, environment), limit=1)
        return found[0] if found else None

    async def active(self, service: str | None = None, environment: str | None = None) -> list[Run]:
        """Return the runs that have not ended, oldest first."""
        return (await self._list(RunRow.phase != phases.Phase.CLOSED, *_of(service, environment)))[::-1]

    async def repeating(self, run: Run) -> Run | None:
        """Return the newest run that does this one again."""
        found = await self._list(*_repeating(run.id), limit=1)
        return found[0] if found else None

    async def ended(self, run_ids: Collection[str]) -> dict[str, Status]:
        """Return those of the runs that are over, and how; runs that are unknown are left out."""
        statement = select(RunRow.id, RunRow.status).where(
            col(RunRow.id).in_(run_ids), RunRow.phase == phases.Phase.CLOSED
        )
        return await self._database.read(
            lambda session: {run: Status(status) for run, status in session.exec(statement)}
        )

    async def ended_before(self, moment: datetime, run_ids: Collection[str]) -> list[str]:
        """Return those of the runs that ended before a moment."""
        statement = (
            select(RunRow.id)
            .where(col(RunRow.id).in_(run_ids), RunRow.phase == phases.Phase.CLOSED, col(RunRow.closed_at) < moment)
            .order_by(col(RunRow.id))
        )
        return await self._database.read(lambda session: list(session.exec(statement)))

    async def made(self, service: str, limit: int = 5_000) -> list[tuple[str, Mapping[str, str]]]:
        """Return what the actions of a service's ended runs handed on, newest first, each with its run."""
        succeeded = EventRow.kind == Kind.ACTION_SUCCEEDED.value
        statement = (
            select(EventRow.run, EventRow.data)
            .join(RunRow, col(RunRow.id) == EventRow.run)
            .where(RunRow.service == service, RunRow.phase == phases.Phase.CLOSED, succeeded)
            .order_by(col(EventRow.id).desc())
            .limit(limit)
        )
        rows = await self._database.read(lambda session: list(session.exec(statement)))
        return [(str(run), data.get("artifacts") or {}) for run, data in rows]

    async def begin_leg(self, run_id: str, leg: int) -> Claim | None:
        """Begin, or begin again, exactly this leg. `None` when it is over: the caller then does nothing.

        What the caller writes about the run belongs into `fence.holding` this claim.
        """
        return await self._database.note(lambda connection: phases.begin(connection, run_id, leg))

    async def ready(self) -> list[tuple[str, int]]:
        """Return (run, leg) of each leg that may start now, oldest run first."""
        return await self._database.look(
            lambda connection: [(row.id, row.leg) for row in connection.execute(statements.READY)]
        )

    async def request_cancel(self, run_id: str, by: str) -> bool:
        """Ask a run to stop; a waiting one is made ready so that it can. False when over or asked already."""

        def work(session: Session) -> bool:
            hold_run(session, run_id)
            if not phases.ask_to_cancel(session, run_id):
                return False
            fact = Fact(kind=Kind.CANCEL_REQUESTED, actor=by, run=run_id, key="cancel", data={"by": by})
            self._scribe.append(session, [fact])
            phases.wake(session, run_id)
            return True

        return await self._database.write(work)

    async def to_cancel(self, run_ids: Collection[str]) -> list[str]:
        """Return those of some runs that somebody asked to stop."""
        if not run_ids:
            return []
        asked = {"runs": list(run_ids)}
        return await self._database.look(
            lambda connection: [*connection.execute(statements.TO_CANCEL, asked).scalars()]
        )

    async def finish(
        self, run_id: str, status: Status, reason: str = "", actor: str = "estiva", keeping: Collection[str] = ()
    ) -> bool:
        """End a run once and let go of all it held, but for the locks of `keeping`. False when it had ended before."""
        if not status.over:
            raise ValueError(f"a run ends succeeded, failed, cancelled or broken, not {status}")

        return await self._database.write(
            lambda session: ending.end(session, self._scribe, run_id, status, actor, data_of(reason=reason), keeping)
        )

    async def news(self) -> list[str]:
        """Return the runs with events that Slack has not been told."""
        return await self._database.read(cursors.behind)

    async def cursor(self, run_id: str) -> int:
        """Return the sequence of the last event of a run that Slack has been told (0: none)."""
        return await self._database.read(lambda session: cursors.get(session, run_id))

    async def seen(self, run_id: str, sequence: int) -> None:
        """Note that Slack has been told the run's events up to `sequence`; never moves back."""
        await self._database.write(lambda session: cursors.put(session, run_id, sequence))

    async def _list(self, *conditions: Any, limit: int | None = None) -> list[Run]:
        newest = (col(RunRow.opened_at).desc(), col(RunRow.number).desc())
        statement = select(RunRow).where(*conditions).order_by(*newest).limit(limit)
        return await self._database.read(lambda session: [_run(row) for row in session.exec(statement)])


def _of(service: str | None, environment: str | None) -> list[Any]:
    conditions: list[Any] = []
    if service is not None:
        conditions.append(RunRow.service == service)
    if environment is not None:
        conditions.append(RunRow.environment == environment)
    return conditions


def _going_to_fail() -> sa.ColumnElement[bool]:
    """Tell of a run that has not ended whether an action of it has failed for good: others may still be at work."""
    kind, data = col(EventRow.kind), col(EventRow.data)
    failed = sa.and_(kind == Kind.ACTION_FAILED.value, data["final"].as_boolean().is_not(False))
    events = select(EventRow.id).where(
        col(EventRow.run) == col(RunRow.id), sa.or_(failed, kind == Kind.ACTION_BROKEN.value)
    )
    return sa.and_(col(RunRow.phase) != phases.Phase.CLOSED, events.exists())


def _demand_alone(session: Session, plan: Plan) -> None:
    """Raise `Repeated` when another run does the same again. The head of its chain is held: nobody comes in between."""
    if plan.trigger not in REPEATING:
        return
    active = select(RunRow.id).where(*_repeating(plan.origin), RunRow.phase != phases.Phase.CLOSED)
    if other := session.exec(active).first():
        raise Repeated(other)


def _repeating(origin: str | None) -> list[Any]:
    return [RunRow.origin == origin, col(RunRow.trigger).in_([trigger.value for trigger in REPEATING])]


def _next_number(connection: sa.Connection, service: str) -> int:
    """Count up; the row is locked until the commit, so no two runs of a service get one number."""
    counting = statements.NEXT_NUMBER[connection.dialect.name]
    return int(connection.execute(counting, {"counted": service}).scalar_one())


def _requested(run: str, request: Request, plan: Plan) -> Fact:
    return Fact(
        kind=Kind.RUN_REQUESTED,
        actor=request.user,
        run=run,
        key="requested",
        data={
            "service": plan.service.name,
            "environment": plan.environment.name,
            "trigger": plan.trigger.value,
            "ref": plan.ref,
            "request": request.id,
            "text": request.text,
            "stages": [{"name": s.name, "actions": [a.name for a in s.actions]} for s in plan.stages],
            **({"given": dict(plan.given)} if plan.given else {}),
        },
    )


def _get(session: Session, run: str) -> Run:
    row = session.connection().execute(statements.RUN_BY_ID, {"run": run}).one_or_none()
    if row is None:
        raise KeyError(f"there is no run {run!r}")
    return _run(row)


@lru_cache(maxsize=512)
def _plan(text: str) -> Plan:
    """Read a plan. Each look at a run needs it, and it never changes: nobody may change what is shared here."""
    return codec.load(Plan, text)


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        plan=_plan(row.plan),
        request=row.request,
        requester=row.requester,
        channel=row.channel,
        thread=row.thread,
        opened_at=row.opened_at,
        status=Status(row.status),
        leg=row.leg,
        cancel_requested=row.cancel_requested,
        closed_at=row.closed_at,
    )
