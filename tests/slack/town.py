"""A whole town for the Slack side: local workspace, real store, and a desk that does what the test says."""

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot.metrics import Metrics
from bot.slack.cards.shown import Difference
from bot.slack.connection import Access, Slack
from bot.slack.manifest import manifest
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from commands.approvers import Approvers
from storage.model.catalog import Action, Catalog, Environment, Grant, Person, Registry, Service, Stage
from storage.model.event import Fact, Kind
from storage.model.reply import Reply, Verdict
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Trigger
from storage.store import Store

ANA, RUI, EVA = "UANADEV01", "URUIREL01", "UEVAOUT01"
DEPLOYS, GENERAL, RANDOM = "C0DEPLOYS", "C0GENERAL", "C0RANDOM1"
HOMOLOG = Environment(name="homolog")
PRODUCTION = Environment(name="production", production=True, approvals=1, promotes_from="homolog")
STAGES = (
    Stage(name="build", actions=(Action(name="fetch", uses="git"), Action(name="image", uses="dockerfile"))),
    Stage(name="test", actions=(Action(name="unit-tests", uses="buildspec"),)),
    Stage(name="approve-production", approval=True, environment="production"),
    Stage(name="release", actions=(Action(name="deploy", uses="docker"),), environment="production"),
)
HELLO = Service(name="hello", repository="https://git.example/hello.git", image="registry.example/hello", stages=STAGES)
CATALOG = Catalog(
    services={"hello": HELLO},
    environments={"homolog": HOMOLOG, "production": PRODUCTION},
    people={ANA: Person(id=ANA, name="Ana"), RUI: Person(id=RUI, name="Rui")},
    grants=(Grant(who=("everyone",), may=("*",), environments=("homolog", "production")),),
    registry=Registry(host="registry.example"),
)
Json = dict[str, Any]


def plan(stages: tuple[Stage, ...] = STAGES, environment: Environment = PRODUCTION) -> Plan:
    """A plan through approval to production."""
    return Plan(
        service=HELLO,
        environment=environment,
        trigger=Trigger.DEPLOY,
        ref="main",
        stages=stages,
        environments={"homolog": HOMOLOG, "production": PRODUCTION},
        artifacts={"commit": "1a2b3c4d" * 5, "author": "Bia", "subject": "Greet <!channel> & all"},
    )


def asked(number: int = 1, channel: str = DEPLOYS, user: str = ANA) -> Request:
    """A request by hand."""
    return Request(
        id=f"test/{number}",
        via=Via.MENTION,
        team="T0ESTIVA1",
        channel=channel,
        user=user,
        text="deploy hello to production",
        at=datetime.now(UTC),
    )


@dataclass
class Desk:
    """Answers as the test tells it to, and remembers what it was asked."""

    answer: Callable[[Request], Awaitable[Reply]] | None = None
    asked: list[Request] = field(default_factory=list)

    async def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.answer is not None:
            return await self.answer(request)
        return Reply(verdict=Verdict.DONE, text=f"You said {request.text}")


class Town:
    """Slack, its people, and Estiva's Slack side."""

    def __init__(
        self, workspace: LocalWorkspace, store: Store, desk: Desk, http: aiohttp.ClientSession, url: str
    ) -> None:
        self.workspace, self.store, self.desk, self._http, self.url = workspace, store, desk, http, url
        self.metrics = Metrics()
        self.approvers: tuple[str, ...] = (RUI,)
        self.changes = Difference()

    def slack(self, *, socket: bool = True, ping: float = 0.5) -> Slack:
        """A Slack side that is not open yet."""
        access = Access(
            bot_token=self.workspace.bot_token,
            base_url=self.workspace.api_url,
            app_token=self.workspace.app_token if socket else None,
            ping_seconds=ping,
        )

        async def changes(_view: object, _running: object) -> Difference:
            return self.changes

        async def approvers(_view: object) -> Approvers:
            return Approvers(users=self.approvers)

        return Slack(
            access=access,
            store=self.store,
            desk=self.desk,
            catalog=lambda: CATALOG,
            metrics=self.metrics,
            approvers=approvers,
            changes=changes,
        )

    @contextlib.asynccontextmanager
    async def working(self, *, ping: float = 0.5) -> AsyncIterator[Slack]:
        """Estiva, connected."""
        slack = self.slack(ping=ping)
        await slack.open()
        task = asyncio.create_task(slack.run())
        try:
            assert (await self.control("wait", seconds=10))["ok"]
            yield slack
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await slack.close()

    async def act(self, what: str, **body: Any) -> Json:
        """What a person does."""
        async with self._http.post(f"{self.workspace.url}/act/{what}", json={"as": "dev", **body}) as answer:
            found: Json = await answer.json()
            return found

    async def control(self, what: str, **body: Any) -> Json:
        """What the test makes Slack do."""
        async with self._http.post(f"{self.workspace.url}/control/{what}", json=body) as answer:
            assert answer.ok, await answer.text()
            found: Json = await answer.json()
            return found

    async def log(self, **query: str) -> list[Json]:
        """What went over the wire."""
        async with self._http.get(f"{self.workspace.url}/control/log", params=query) as answer:
            found: list[Json] = (await answer.json())["entries"]
            return found

    async def say(self, text: str, who: str = "dev", channel: str = DEPLOYS, **more: Any) -> Json:
        """Somebody says something."""
        return await self.act("say", channel=channel, text=text, **{"as": who, **more})

    async def messages(self, channel: str = DEPLOYS, who: str = "dev", thread: str | None = None) -> list[Json]:
        """What somebody sees."""
        params = {"channel": channel, "as": who, "limit": "200"} | ({"thread": thread} if thread else {})
        async with self._http.get(f"{self.workspace.url}/act/messages", params=params) as answer:
            found: list[Json] = (await answer.json())["messages"]
            return found

    async def bots(self, channel: str = DEPLOYS, who: str = "dev", thread: str | None = None) -> list[Json]:
        """What Estiva said there."""
        return [m for m in await self.messages(channel, who, thread) if m.get("bot_id")]

    async def keys(self, channel: str = DEPLOYS) -> list[str]:
        """The keys of all messages that Estiva said in a channel, threads included."""
        room = self.workspace.workspace.channels[channel]
        return [key_of(m) for m in room.messages.values() if m.get("bot_id")]

    async def message(self, key: str, channel: str = DEPLOYS) -> Json | None:
        """One message by its key."""
        room = self.workspace.workspace.channels[channel]
        return next((m for m in room.messages.values() if key_of(m) == key), None)

    async def until(self, what: Callable[[], Awaitable[Any]], seconds: float = 15) -> Any:
        """Wait for something to be there, and give it."""
        async with asyncio.timeout(seconds):
            while not (found := await what()):  # noqa: ASYNC110 - the far side is another program's state
                await asyncio.sleep(0.02)
            return found

    async def status(self, run: Run) -> str:
        """The status that the run's card carries."""
        card = await self.message(f"{run.id}/card")
        return str(card["metadata"]["event_payload"]["status"]) if card else ""

    async def open_run(self, number: int = 1, channel: str = DEPLOYS) -> Run:
        """A run, as `deploy` opens it."""
        run = await self.store.runs.open(asked(number, channel), plan())
        assert await self.store.runs.begin_leg(run.id, 1)
        return run

    async def note(self, run: Run, kind: Kind, **data: Any) -> None:
        """A fact, as the engine journals it."""
        await self.store.journal.append(Fact(kind=kind, actor="estiva", run=run.id, data=data))

    async def walk(self, run: Run, stage: str, action: str) -> None:
        """An action that begins and succeeds."""
        await self.note(run, Kind.ACTION_STARTED, stage=stage, action=action, attempt=1)
        await self.note(run, Kind.ACTION_SUCCEEDED, stage=stage, action=action, attempt=1, artifacts={}, summary="fine")

    async def ask_approval(self, run: Run) -> str:
        """The gate's question."""
        made = await self.store.approvals.ask(
            run.id, "approve-production", "production", "subject", 1, datetime.now(UTC) + timedelta(hours=1)
        )
        return made.id


def key_of(message: Json) -> str:
    """The key in a message's metadata."""
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("key", ""))


def button(message: Json, action: str) -> Json:
    """A button of a message."""
    return next(
        element
        for block in message["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id") == action
    )


async def life(place: Town, folder: Path) -> asyncio.subprocess.Process:
    """The Slack side as a process, to be killed or frozen; what it logs is in `folder`."""
    workspace, root = place.workspace, Path(__file__).parents[2]
    with (folder / f"life-{uuid.uuid4().hex[:6]}.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(root / "tests" / "slack" / "process.py")),
            *(place.url, str(folder), workspace.api_url, workspace.bot_token, workspace.app_token),
            env={**os.environ, "PYTHONPATH": str(root)},
            stderr=log,
        )


@contextlib.asynccontextmanager
async def town(path: Path, url: str = "", **settings: Any) -> AsyncIterator[Town]:
    """A town with nobody at work yet."""
    url = url or f"sqlite:///{path}/estiva.db"
    store = await Store.open(url, path)
    known = Manifest.read(manifest("socket"))
    try:
        async with running(manifest=known, retry_scale=0.01, **settings) as workspace:
            headers = {"X-Workspace-Token": workspace.token}
            async with aiohttp.ClientSession(headers=headers) as http:
                yield Town(workspace, store, Desk(), http, url)
    finally:
        await store.close()
