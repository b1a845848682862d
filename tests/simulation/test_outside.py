"""The gateway of the simulated world sees what must not begin: its rules can be broken."""

import sqlite3
from pathlib import Path

import pytest

from runners.contract import Work
from storage.model.catalog import Json, Registry
from storage.model.event import Fact, Kind
from storage.model.run import Status
from tests.engine.world import World, pipeline, plan
from tests.simulation.outside import DONE, FAILED, STOPPED, Job, Outside


@pytest.mark.parametrize(
    ("data", "breaches"),
    [
        ({"lingers": "w1"}, []),
        ({}, ["I8: hello-1/build/test/1 was started after the end of its run"]),
    ],
)
async def test_what_begins_after_the_end_of_its_run_has_to_be_known_to_linger(
    data: dict[str, Json], breaches: list[str], tmp_path: Path
) -> None:
    world = await World(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path).open()
    try:
        asked = plan(*pipeline())
        run = await world.ask(asked)
        ended = Fact(kind=Kind.ACTION_CANCELLED, actor="estiva", run=run.id, key="build/test/1/ended", data=data)
        await world.store.journal.append(ended)
        await world.store.runs.finish(run.id, Status.CANCELLED)
        with sqlite3.connect(tmp_path / "estiva.db") as database:
            outside = Outside(now=lambda: 0.0, database=database, plan=lambda _: asked)
            outside.start(_work(run.id, tmp_path), "script")
        database.close()
        assert outside.breaches == breaches
    finally:
        await world.close()


@pytest.mark.parametrize(("first", "times"), [(DONE, 2), (FAILED, 1), (STOPPED, 1)])
def test_work_that_a_second_attempt_does_again_counts_twice(first: str, times: int, tmp_path: Path) -> None:
    with sqlite3.connect(":memory:") as database:
        outside = Outside(now=lambda: 9.0, database=database, plan=lambda _: plan())
    database.close()
    for key, state in (("hello-1/push/push/1", first), ("hello-1/push/push/2", DONE)):
        outside.jobs[key] = Job(key, "script", "", 0.0, 1.0, state, state)
    assert outside.begun() == {"hello-1/push/push/1": 1, "hello-1/push/push/2": times}


def _work(run: str, folder: Path) -> Work:
    return Work(
        key=f"{run}/build/test/1",
        run=run,
        stage="build",
        action="test",
        attempt=1,
        service=plan().service,
        environment=None,
        registry=Registry(host="127.0.0.1:5001"),
        options={},
        artifacts={},
        workspace=folder,
    )
