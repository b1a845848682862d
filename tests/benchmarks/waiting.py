"""Fills a bot's store with runs that wait for approval, as the engine would: each is asked, claimed, and walked."""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

from bot.catalogs import Catalogs
from runners.kinds import known_kinds
from runners.plan import plan_promotion
from runners.progress import Progress
from runners.walk import PARKED, Walk
from storage.model.release import Release
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Plan
from storage.store import Store

_AT_ONCE = 16


async def fill(url: str, data: Path, catalog: Path, runs: int) -> None:
    """Add so many runs of `hello`, each of which waits for the approval of its release to production."""
    store = await Store.open(url, data)
    try:
        plan, turns = _plan(catalog), asyncio.Semaphore(_AT_ONCE)

        async def one() -> None:
            async with turns:
                await _wait(store, plan)

        await asyncio.gather(*(one() for _ in range(runs)))
    finally:
        await store.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _plan(path: Path) -> Plan:
    catalog = Catalogs(path, known_kinds())()
    tested = Release(
        service="hello",
        environment="homolog",
        run="hello-0",
        commit="c" * 40,
        subject="Greet",
        author="Ana",
        image="registry.example.com/hello:1",
        digest="sha256:" + "d" * 64,
        address="",
        by="UANADEV01",
        at=_now(),
    )
    return plan_promotion(catalog, catalog.services["hello"], catalog.environments["production"], tested)


async def _wait(store: Store, plan: Plan) -> None:
    request = Request(
        id=f"waiting/{uuid.uuid4()}",
        via=Via.TERMINAL,
        team="T1",
        channel="C0DEPLOYS",
        user="UANADEV01",
        text="deploy hello to production",
        at=_now(),
    )
    await store.requests.accept(request)
    run = await store.runs.open(request, plan)
    walk = Walk(store, _now)
    assert await walk.claim(run.id, run.leg)
    assert await walk.move(Progress(store, run.id), run.leg) == PARKED
    await store.requests.answer(request.id, Reply(verdict=Verdict.STARTED, text="Deploying", run=run.id))
    await store.requests.posted(request.id)
    events = await store.journal.of_run(run.id)
    await store.runs.seen(run.id, events[-1].sequence)  # Slack has been told long ago
