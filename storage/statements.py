"""The statements behind every event, built once: putting one together costs more than running it.

Reading with them gives rows, not objects of the mapper; nothing here is seen outside `storage`.
"""

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.model.approval import Decision
from storage.tables import ApprovalRow, ChainRow, CounterRow, EventRow, GateRow, LockRow, RunRow

RUNS: Table = RunRow.__table__  # type: ignore[attr-defined]
CHAINS: Table = ChainRow.__table__  # type: ignore[attr-defined]
EVENTS: Table = EventRow.__table__  # type: ignore[attr-defined]
LOCKS: Table = LockRow.__table__  # type: ignore[attr-defined]
APPROVALS: Table = ApprovalRow.__table__  # type: ignore[attr-defined]
GATES: Table = GateRow.__table__  # type: ignore[attr-defined]
COUNTERS: Table = CounterRow.__table__  # type: ignore[attr-defined]

ENVIRONMENT_OF_RUN = select(RUNS.c.environment).where(RUNS.c.id == bindparam("run"))

EPOCH_OF_RUN = select(RUNS.c.epoch).where(RUNS.c.id == bindparam("run")).with_for_update()

HEAD = select(CHAINS.c.position, CHAINS.c.hash).where(CHAINS.c.name == bindparam("chain")).with_for_update()
MOVE_HEAD = (
    update(CHAINS)
    .where(CHAINS.c.name == bindparam("chain"))
    .values(position=bindparam("reached"), hash=bindparam("seal"))
)

EVENT_BY_KEY = select(EVENTS).where(EVENTS.c.run == bindparam("run"), EVENTS.c.key == bindparam("fact"))
EVENT_BY_KEY_OF_NO_RUN = select(EVENTS).where(EVENTS.c.run.is_(None), EVENTS.c.key == bindparam("fact"))
EVENTS_OF_RUN = (
    select(EVENTS)
    .where(EVENTS.c.run == bindparam("run"), EVENTS.c.sequence > bindparam("after"))
    .order_by(EVENTS.c.sequence)
)
EVENTS_BY_CHAIN = select(EVENTS).order_by(EVENTS.c.chain, EVENTS.c.position)
ADD_EVENT = insert(EVENTS).returning(EVENTS.c.id)
ADD_EVENTS = insert(EVENTS).returning(EVENTS.c.id, sort_by_parameter_order=True)

NEXT_SEQUENCE = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("counted"))
    .values(sequence=RUNS.c.sequence + 1)
    .returning(RUNS.c.sequence)
)

_STANDING = (RUNS.c.sequence, RUNS.c.epoch, RUNS.c.status, RUNS.c.leg, RUNS.c.cancel_requested, RUNS.c.closed_at)
TAKE_SEQUENCES = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("counted"))
    .values(sequence=RUNS.c.sequence + bindparam("more"))
    .returning(*_STANDING)
)
STANDING_OF_RUN = select(*_STANDING).where(RUNS.c.id == bindparam("run"))

BEGIN_LEG = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("walked"), RUNS.c.leg == bindparam("begun"), RUNS.c.phase.in_(["ready", "walking"]))
    .values(phase="walking", status="running", epoch=RUNS.c.epoch + 1)
    .returning(RUNS.c.epoch)
)
CLOSE_RUN = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("closed"), RUNS.c.phase != "closed")
    .values(phase="closed", status=bindparam("ended"), closed_at=bindparam("now"), sequence=RUNS.c.sequence + 1)
    .returning(RUNS.c.sequence)
)
WITHDRAW_QUESTIONS = (
    update(APPROVALS)
    .where(
        APPROVALS.c.run == bindparam("of"),
        APPROVALS.c.asked_by == bindparam("asker"),
        APPROVALS.c.decision == Decision.PENDING.value,
    )
    .values(decision=Decision.CANCELLED.value, decided_by="estiva", decided_at=bindparam("now"))
)
READY = select(RUNS.c.id, RUNS.c.leg).where(RUNS.c.phase == "ready").order_by(RUNS.c.opened_at, RUNS.c.id)
TO_CANCEL = select(RUNS.c.id).where(RUNS.c.id.in_(bindparam("runs", expanding=True)), RUNS.c.cancel_requested.is_(True))

PLACES_OF_RUN = select(LOCKS.c.service, LOCKS.c.environment).where(LOCKS.c.run == bindparam("holder"))
KEPT_LOCKS = select(LOCKS.c.run, LOCKS.c.environment).where(LOCKS.c.kept_at.is_not(None)).order_by(LOCKS.c.kept_at)
KEEP_LOCK = (
    update(LOCKS)
    .where(LOCKS.c.run == bindparam("keeper"), LOCKS.c.environment == bindparam("place"))
    .values(kept_at=bindparam("now"))
)
WITHDRAW_APPROVALS = (
    update(APPROVALS)
    .where(APPROVALS.c.run == bindparam("asker"), APPROVALS.c.decision == "pending")
    .values(decision="cancelled", decided_at=bindparam("now"), decided_by=bindparam("by"))
)
GIVE_UP_GATES = (
    update(GATES)
    .where(GATES.c.run == bindparam("waiter"), GATES.c.settled_at.is_(None))
    .values(settled_at=bindparam("now"))
)

ADD_RUN = insert(RUNS).returning(RUNS)
NEXT_NUMBER = {
    dialect: into(COUNTERS)
    .values(service=bindparam("counted"), last=1)
    .on_conflict_do_update(index_elements=["service"], set_={"last": COUNTERS.c.last + 1})
    .returning(COUNTERS.c.last)
    for dialect, into in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
RUN_BY_REQUEST = select(RUNS).where(RUNS.c.request == bindparam("asked"))
RUN_BY_ID = select(RUNS).where(RUNS.c.id == bindparam("run"))
