"""Bare DBOS: workflows of five steps that do nothing. `bare_dbos.py URL RUNS`.

Prints the seconds that they took, by the clock and of the processor.

The settings are those of our engine, so that only what we add makes the difference.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from runners.durable import sqlite_engine

AT_ONCE = 20


@DBOS.step(name="nothing/1")
async def _nothing(run: str, name: str) -> str:
    return f"{run}/{name}"


@DBOS.workflow(name="five/1", max_recovery_attempts=None)
async def _five(run: str) -> str:
    for name in ("one", "two", "three", "four", "five"):
        await _nothing(run, name)
    return "done"


async def main(url: str, runs: int) -> None:
    """Run so many workflows, some at once."""
    config: DBOSConfig = {
        "name": "bare",
        "application_version": "1",
        "executor_id": "bare",
        "max_executor_threads": 64,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
    }
    if url.startswith("sqlite"):
        config["system_database_engine"] = sqlite_engine(Path(url.removeprefix("sqlite:///")))
    config["system_database_url"] = url
    DBOS(config=config)
    DBOS.launch()
    await _all(3, "warm")
    began, spent = time.perf_counter(), time.process_time()
    await _all(runs, "run")
    print(time.perf_counter() - began, time.process_time() - spent, flush=True)
    await asyncio.to_thread(DBOS.destroy)


async def _all(runs: int, word: str) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turns:
            with SetWorkflowID(f"{word}-{number}"):
                handle: Any = await DBOS.start_workflow_async(_five, f"{word}-{number}")
            await handle.get_result(polling_interval_sec=0.02)

    await asyncio.gather(*(one(number) for number in range(runs)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
