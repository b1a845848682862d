"""Looking around costs the same however many runs wait: every look goes through an index."""

import asyncio
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage.model.catalog import Stage
from tests.engine.world import World, action, plan


async def test_no_look_around_reads_a_whole_table(tmp_path: Path) -> None:
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    said: dict[str, Any] = {}
    try:
        engine = await world.start()
        run = await world.ask(plan(Stage(name="build", actions=(action("image", hold=True),))))
        await world.began(f"{run.id}/build/image/1")
        await asyncio.sleep(1)  # until nothing else happens than looking around
        database = world.store.database
        for each in (database._reading, database._writing):  # noqa: SLF001 - what the store asks is what is measured
            sa.event.listen(each, "before_cursor_execute", lambda *asked: said.setdefault(asked[2], asked[3]))
        for _ in range(11):  # the seldom parts too
            engine.wake()
            await asyncio.sleep(0.1)
        asked = {statement: parameters for statement, parameters in said.items() if statement.startswith("SELECT")}
        plans = {statement: await _plan(world, statement, parameters) for statement, parameters in asked.items()}
    finally:
        await world.close()
    assert any("gates" in statement for statement in plans)
    assert any("runs" in statement and "phase" in statement for statement in plans)
    scanned = {statement: steps for statement, steps in plans.items() if any(_whole(step) for step in steps)}
    assert scanned == {}


async def _plan(world: World, statement: str, parameters: Any) -> list[str]:
    def explain(session: Any) -> list[str]:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[3]) for row in rows]

    return await world.store.database.read(explain)


def _whole(step: str) -> bool:
    """Tell whether a step reads more than what it looks for; these partial indexes hold nothing else."""
    return step.startswith("SCAN") and not step.endswith(("runs_ready", "approvals_pending"))
