"""Fills a bot's store with runs that wait, as the engine would: each is asked, claimed, and walked."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from bot.catalogs import Catalogs
from runners.kinds import known_kinds
from runners.plan import plan_promotion
from runners.progress import Progress
from runners.walk import PARKED, Walk
from storage.model.catalog import Catalog
from storage.model.hold import HoldKind
from storage.model.release import Release
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Plan
from storage.model.window import Window
from storage.store import Store

QUEUED = "greeter"
"""The service whose runs wait for their turn; those of `hello` wait for everything else."""
_ENVIRONMENT = "production"
_AT_ONCE = 16
_DAY = 24 * 60


class Wait(StrEnum):
    """What a run waits for before it is released to production."""

    APPROVAL = "approval"
    PAUSE = "pause"
    WINDOW = "window"
    LOCK = "lock"
    """The end of somebody's."""
    TURN = "turn"


async def prepare(url: str, data: Path, catalog: Path) -> None:
    """Lock `hello`, and let a run that itself waits for people hold the first place of the queue."""
    store = await Store.open(url, data)
    try:
        await store.holds.take(HoldKind.LOCK, "hello", _ENVIRONMENT, "URUIREL01", "a benchmark")
        holder = await _wait(store, _plan(_catalog(catalog), QUEUED))
        assert (await store.locks.enter(holder, QUEUED, _ENVIRONMENT)).held
    finally:
        await store.close()


async def fill(url: str, data: Path, catalog: Path, runs: int) -> None:
    """Add so many runs to what was prepared; as many wait for one thing as for another."""
    store = await Store.open(url, data)
    try:
        known, turns = _catalog(catalog), asyncio.Semaphore(_AT_ONCE)
        plans = [_waiting(_plan(known, QUEUED if wait is Wait.TURN else "hello"), wait) for wait in Wait]

        async def one(number: int) -> None:
            async with turns:
                await _wait(store, plans[number % len(plans)])

        await asyncio.gather(*(one(number) for number in range(runs)))
    finally:
        await store.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _catalog(path: Path) -> Catalog:
    return Catalogs(path, known_kinds())()


def _plan(catalog: Catalog, service: str) -> Plan:
    tested = Release(
        service=service,
        environment="homolog",
        run=f"{service}-0",
        commit="c" * 40,
        subject="Greet",
        author="Ana",
        image=f"registry.example.com/{service}:1",
        digest="sha256:" + "d" * 64,
        address="",
        by="UANADEV01",
        at=_now(),
    )
    return plan_promotion(catalog, catalog.services[service], catalog.environments[_ENVIRONMENT], tested)


def _waiting(plan: Plan, wait: Wait) -> Plan:
    """Change what stands before the release."""
    if wait is Wait.APPROVAL:
        return plan
    window = _far_away() if wait is Wait.WINDOW else None
    stages = [replace(s, pause=wait is Wait.PAUSE, window=window) for s in plan.stages if not s.approval]
    nobody_asked = replace(plan.environment, approvals=0)
    environments = {**plan.environments, nobody_asked.name: nobody_asked}
    return replace(plan, stages=tuple(stages), environment=nobody_asked, environments=environments)


def _far_away() -> Window:
    """Open an hour in twelve hours: not while the benchmark runs."""
    begins = (60 * _now().hour + _DAY // 2) % _DAY
    return Window(begins=begins, ends=begins + 60)


async def _wait(store: Store, plan: Plan) -> str:
    request = Request(
        id=f"waiting/{uuid.uuid4()}",
        via=Via.TERMINAL,
        team="T1",
        channel="C0DEPLOYS",
        user="UANADEV01",
        text=f"deploy {plan.service.name} to production",
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
    return run.id
