"""Looking around costs the same however many runs wait: every look goes through an index."""

import asyncio
from typing import Any

import sqlalchemy as sa

from storage.model.catalog import Stage
from tests.engine.world import World, action, plan

_ONLY_WHAT_IS_LOOKED_FOR = ("runs_ready", "runs_news", "holds_standing", "requests_unposted", "locks_kept")
"""Partial indexes without a time to search for: they hold nothing but what there is something to do about."""
_TABLES = {"held"}
"""Tables that hold nothing else."""
_NO_TABLE = "SCAN CONSTANT ROW"
"""How SQLite calls the one row of a statement that reads from no table itself."""


async def test_no_look_around_reads_a_whole_table(world: World) -> None:
    engine = await world.start()
    run = await world.ask(plan(Stage(name="build", actions=(action("image", hold=True),))))
    await world.began(f"{run.id}/build/image/1")
    await asyncio.sleep(1)  # until nothing else happens than looking around
    said: dict[str, Any] = {}
    database = world.store.database
    for each in (database._reading, database._writing):  # noqa: SLF001 - what the store asks is what is measured
        sa.event.listen(each, "before_cursor_execute", lambda *asked: said.setdefault(asked[2], asked[3]))
    for _ in range(11):  # the seldom parts too
        engine.wake()
        await asyncio.sleep(0.1)
    for look in (world.store.approvals.expire, world.store.questions.look_again, world.store.gates.due):
        await look(world.now())  # what is only done when it is due
    await world.store.reminders.send(world.now())
    await world.store.holds.free(world.now())
    await world.store.locks.kept()
    await world.store.runs.news()  # what the readers look at in each of their rounds
    await world.store.requests.unposted()
    asked = {statement: parameters for statement, parameters in said.items() if statement.startswith("SELECT")}
    plans = {statement: await _plan(world, statement, parameters) for statement, parameters in asked.items()}
    for told in ("phase", "gates", "approvals.remind_at", "approvals.expires_at", "holds", "runs.told", "posted_at"):
        assert any(told in statement for statement in plans), told
    scanned = {statement: steps for statement, steps in plans.items() if any(_whole(step) for step in steps)}
    assert scanned == {}


async def _plan(world: World, statement: str, parameters: Any) -> list[str]:
    """Say how the database looks for something, each step with its condition."""

    def lite(session: Any) -> list[str]:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[3]) for row in rows]

    def postgres(session: Any) -> list[str]:
        for worthless in ("seqscan", "mergejoin", "hashjoin"):  # as they are where the tables are large
            session.connection().exec_driver_sql(f"SET LOCAL enable_{worthless} = off")
        rows = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return "\n".join(row[0] for row in rows).split("->")

    return await world.store.database.read(lite if world.store.database.lite else postgres)


def _whole(step: str) -> bool:
    """Tell whether a step reads more than what it looks for."""
    reads = (
        (step.startswith("SCAN") and step != _NO_TABLE)
        or "Seq Scan" in step
        or ("Index" in step and "Index Cond" not in step)
    )
    words = set(step.replace("\n", " ").split())
    return reads and not words & {*_ONLY_WHAT_IS_LOOKED_FOR, *_TABLES}
