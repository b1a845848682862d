"""A store with runs in every state, and the pages over it on a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.runs.links import Links
from bot.runs.pages import Pages
from bot.slack.permalinks import Permalinks
from bot.web import listening
from commands.approvers import Approvers
from storage.model.catalog import Action, Json, Stage
from storage.model.event import Fact, Kind
from storage.model.gate import GateKind
from storage.model.run import Run, Status
from storage.store import Store
from tests.slack.town import ANA, CATALOG, HOMOLOG, PRODUCTION, RUI, asked, plan

NASTY = "<script>alert(1)</script>\u202e & 'quotes\""
SUMMARIES = {
    "checkout": "1a2b3c4 Greet <!channel> & all",
    "image": "8f3e0b7c2d11 built as registry.example/hello:1a2b3c4",
    "audit": "no advisories",
    "unit": "7 passed",
    "release": "sha256:9c1f04ab77d2 at http://hello.example",
}
STAGES = (
    Stage(name="source", actions=(Action(name="checkout", uses="git"),)),
    Stage(
        name="build",
        actions=(
            Action(name="image", uses="dockerfile"),
            Action(name="audit", uses="command"),
            Action(name="unit", uses="command", run_order=2, attempts=3),
        ),
    ),
    Stage(name="deploy", environment="homolog", actions=(Action(name="release", uses="docker"),)),
    Stage(
        name="live",
        environment="production",
        succeeded_in="homolog",
        approval=True,
        pause=True,
        actions=(Action(name="release", uses="docker"),),
    ),
)


@dataclass
class Made:
    """The store and its clock."""

    store: Store
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    count: int = 0
    slack: str = "https://t.slack.example"
    """Where messages are; empty: Slack has not said so yet."""

    async def run(self, *, stages: tuple[Stage, ...] = STAGES, user: str = ANA) -> Run:
        self.count += 1
        request = asked(self.count, user=user)
        await self.store.requests.accept(request)
        environment = PRODUCTION if any(stage.environment == "production" for stage in stages) else HOMOLOG
        run = await self.store.runs.open(request, plan(stages, environment))
        await self.store.runs.begin_leg(run.id, 1)
        return run

    async def fact(self, run: Run, kind: Kind, **data: Json) -> None:
        await self.store.journal.append(Fact(kind=kind, actor="estiva", run=run.id, data=data))

    async def done(self, run: Run, stage: str, *actions: str) -> None:
        await self.fact(run, Kind.STAGE_STARTED, stage=stage)
        for action in actions:
            await self.fact(run, Kind.ACTION_STARTED, stage=stage, action=action, attempt=1)
            self.now += timedelta(seconds=len(action) + 2)
            summary = SUMMARIES[action]
            await self.fact(run, Kind.ACTION_SUCCEEDED, stage=stage, action=action, attempt=1, summary=summary)

    async def trying_again(self) -> Run:
        run = await self.run()
        await self.done(run, "source", "checkout")
        await self.done(run, "build", "image", "audit")
        failed: dict[str, Json] = {"reason": f"refused {NASTY}", "excerpt": [], "final": False}
        await self.fact(run, Kind.ACTION_STARTED, stage="build", action="unit", attempt=1)
        await self.fact(run, Kind.ACTION_FAILED, stage="build", action="unit", attempt=1, **failed)
        await self.fact(run, Kind.ACTION_STARTED, stage="build", action="unit", attempt=2)
        sink = self.store.logs.sink(run.id, "build", "unit", 2)
        sink.line(NASTY)
        sink.close()
        return run

    async def at_the_gate(self) -> Run:
        run = await self.run()
        await self.done(run, "source", "checkout")
        await self.done(run, "build", "image", "audit", "unit")
        await self.done(run, "deploy", "release")
        until = self.now + timedelta(hours=24)
        await self.store.approvals.ask(run.id, "live", "production", "x" * 64, 2, until)
        await self.store.approvals.approve(f"{run.id}/live", RUI, "x" * 64)
        return run

    async def paused(self) -> Run:
        run = await self.at_the_gate()
        await self.store.approvals.approve(f"{run.id}/live", "UBIADEV02", "x" * 64)
        await self.fact(run, Kind.GATE_WAITING, stage="live", gate=GateKind.PAUSE.value)
        return run

    async def queued(self) -> tuple[Run, Run]:
        holder, behind = await self.run(stages=STAGES[2:3]), await self.run(stages=STAGES[2:3], user=RUI)
        for each in (holder, behind):
            await self.store.locks.enter(each.id, "hello", "homolog")
        return holder, behind

    async def failed(self, reason: str = "exit code 1", excerpt: tuple[str, ...] = ()) -> Run:
        run = await self.run()
        await self.done(run, "source", "checkout")
        why: dict[str, Json] = {"reason": reason, "hint": "see the log", "excerpt": [*excerpt], "final": True}
        await self.fact(run, Kind.ACTION_STARTED, stage="build", action="image", attempt=1)
        await self.fact(run, Kind.ACTION_FAILED, stage="build", action="image", attempt=1, **why)
        await self.store.runs.finish(run.id, Status.FAILED, f"build/image: {reason}")
        return run


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Made]:
    made: list[Made] = []
    store = await Store.open(f"sqlite:///{tmp_path / 'estiva.db'}", tmp_path, clock=lambda: made[0].now)
    made.append(Made(store))
    yield made[0]
    await store.close()


@asynccontextmanager
async def served(made: Made) -> AsyncIterator[Links]:
    """Serve the pages; gives what makes links to them."""

    async def approvers(_view: object) -> Approvers:
        return Approvers(users=(RUI,))

    permalinks = Permalinks(made.store.posts.get)

    async def thread(run: str) -> str:
        permalinks.connect(made.slack)
        return await permalinks(f"{run}/card")

    links = Links(secret=b"not so secret after all", clock=lambda: made.now)
    app = web.Application()
    app.add_routes(Pages(made.store, links, lambda: CATALOG, approvers, thread, "en").routes())
    async with listening(app, "127.0.0.1", 0) as port:
        links.base = f"http://127.0.0.1:{port}"
        yield links


@pytest.fixture
async def links(made: Made) -> AsyncIterator[Links]:
    async with served(made) as links:
        yield links
