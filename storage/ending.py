"""The end of a run, once, and all that it held let go. Runs inside the caller's transaction."""

import json
from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, col, select

from storage import phases, queue, statements
from storage.chain import Scribe, chain_of, hold
from storage.model.catalog import Json, Mode
from storage.model.event import Fact, Kind
from storage.model.run import Status
from storage.model.worded import data_of, worded
from storage.tables import LockRow, RunRow


def end(
    session: Session,
    scribe: Scribe,
    run: str,
    status: Status,
    actor: str,
    data: Mapping[str, Json],
    keeping: Collection[str] = (),
) -> bool:
    """End a run; `data` goes into its last event. False when it had ended before.

    `keeping` are environments whose locks stay with it, until somebody lets them go.
    """
    held = queue.places(session, run)
    for service, environment in held:
        queue.lock(session, service, environment)
    session.flush()  # what the caller added has to be there: these statements go past the mapper
    connection = session.connection()
    head = hold(connection, chain_of(session, run))
    now = scribe.now()
    last = phases.close(connection, run, status, now)
    if last is None:
        return False
    told: dict[str, Json] = {"status": status.value, **data}
    fact = Fact(kind=Kind.RUN_ENDED, actor=actor, run=run, key="ended", data=told)
    scribe.write(connection, head, fact, last)
    connection.execute(statements.WITHDRAW_APPROVALS, {"asker": run, "now": now, "by": actor})
    connection.execute(statements.GIVE_UP_GATES, {"waiter": run, "now": now})
    for _, environment in held:
        if environment in keeping:
            connection.execute(statements.KEEP_LOCK, {"keeper": run, "place": environment, "now": now})
        else:
            queue.leave(session, scribe, run, environment)
    return True


def supersede(session: Session, scribe: Scribe, run: str, line: Sequence[LockRow]) -> bool:
    """Of the runs of one pipeline that wait in a line, leave only the newest. True when `run` itself had to go.

    The holder works, or is about to: it stays. The caller has locked the queue.
    """
    ids = [place.run for place in line[1:]]
    waiting = {row.id: row for row in session.exec(select(RunRow).where(col(RunRow.id).in_(ids)))}
    mine = _way(waiting[run])
    same = [
        row for row in waiting.values() if _way(row) == mine and (row.id == run or row.phase == phases.Phase.PARKED)
    ]
    newest = max(same, key=lambda row: row.number)
    for row in same:
        if row is not newest:
            why = data_of(reason=worded("superseded by {run}", run=newest.id))
            end(session, scribe, row.id, Status.CANCELLED, "estiva", {**why, "superseded_by": newest.id})
    return newest.id != run


def _way(row: RunRow) -> tuple[str, bool]:
    """Tell by which pipeline a run goes, and whether newer runs of that pipeline may take its turn."""
    plan = json.loads(row.plan)
    return str(plan.get("pipeline", "default")), plan.get("mode") == Mode.SUPERSEDED
