"""People, the local workspace and the whole Estiva but for the work itself: commands are asked over the real wire.

Nothing is deployed here: a story writes down the releases that it is about, as the engine does.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.metrics import Metrics
from bot.slack.connection import Access, Slack
from bot.slack.directory import SlackDirectory
from bot.slack.languages import Languages
from bot.slack.manifest import manifest
from bot.workspace.manifest import Manifest
from bot.workspace.server import LocalWorkspace, running
from commands.approvers import Approvers, approvers_of
from commands.desk import Desk
from runners.engine import Engine
from runners.kinds import Tools, kinds, known_kinds
from runners.mirrors import Mirrors
from runners.plan import plan_deploy
from storage.catalog import load
from storage.model.catalog import Catalog
from storage.model.release import Release
from storage.model.request import Request, Via
from storage.model.run import Plan, Run, Status
from storage.model.view import RunView
from storage.store import Store
from tests.stories.person import Person, at_work
from tests.stories.place import BUSY, ROOT
from tests.stories.sources import Source

T = TypeVar("T")
ANA, BIA, RUI, EVA = "UANADEV01", "UBIADEV02", "URUIREL01", "UEVAOUT01"
DEPLOYS = "C0DEPLOYS"


@dataclass(kw_only=True)
class Office:
    """Where everything is. The catalog is the demo's, read anew for each request."""

    local: LocalWorkspace
    store: Store
    catalog_file: Path
    desk: Desk
    source: Source
    """Of `hello`."""
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def catalog(self) -> Catalog:
        return load(self.catalog_file, known_kinds())

    def person(self, handle: str) -> contextlib.AbstractAsyncContextManager[Person]:
        """dev (Ana), dev2 (Bia), release (Rui, who reads Portuguese), outsider (Eva)."""
        return at_work(self.local.url, self.local.token, handle)

    def change_catalog(self, old: str, new: str) -> None:
        """Put another catalog in force."""
        text = self.catalog_file.read_text()
        assert old in text
        self.catalog_file.write_text(text.replace(old, new, 1))

    def request(self, text: str = "deploy hello to homolog", user: str = ANA) -> Request:
        """A request by hand, for what happened before the story."""
        return Request(
            id=f"before/{next(self.numbers)}",
            via=Via.MENTION,
            team="T0ESTIVA1",
            channel=DEPLOYS,
            user=user,
            text=text,
            at=datetime.now(UTC),
        )

    def plan(self, environment: str = "homolog", commit: str = "", service: str = "hello") -> Plan:
        """What a deploy of a commit is, as the catalog has it now."""
        catalog = self.catalog
        return plan_deploy(
            catalog,
            catalog.services[service],
            catalog.environments[environment],
            "main",
            {"commit": commit or self.source.first, "author": "Bia Ramos", "subject": "Say hello"},
        )

    async def opened(self, plan: Plan | None = None, user: str = ANA) -> Run:
        """A run that is going on."""
        run = await self.store.runs.open(self.request(user=user), plan or self.plan())
        assert await self.store.runs.begin_leg(run.id, 1)
        return run

    async def released(
        self, environment: str = "homolog", commit: str = "", digest: str = "", replicas: int | None = None
    ) -> Release:
        """A release that took effect, and its run, which succeeded."""
        run = await self.opened(self.plan(environment, commit))
        commit = run.plan.artifacts["commit"]
        release = Release(
            service="hello",
            environment=environment,
            run=run.id,
            commit=commit,
            subject="Say hello",
            author="Bia Ramos",
            image=f"127.0.0.1:1/hello:{commit[:7]}",
            digest=digest or f"sha256:{commit}{'0' * 24}",
            address="http://127.0.0.1:1",
            by=ANA,
            at=datetime.now(UTC),
            replicas=replicas,
        )
        assert await self.store.releases.record(release)
        assert await self.store.runs.finish(run.id, Status.SUCCEEDED)
        return release

    async def runs(self) -> list[str]:
        """The ids of all runs, newest first."""
        return [run.id for run in await self.store.runs.recent()]

    async def until(self, look: Callable[[], Awaitable[T]]) -> T:
        """Ask again until there is something, and give it."""
        async with asyncio.timeout(20):
            while not (found := await look()):  # noqa: ASYNC110 - another task's state
                await asyncio.sleep(0.05)
            return found


@contextlib.asynccontextmanager
async def office(root: Path) -> AsyncIterator[Office]:
    """Everybody at work until the block ends."""
    source = Source(root / "repos" / "hello", "hello", {})
    Source(root / "repos" / "greeter", "greeter", {})
    catalog_file = root / "catalog.yml"
    demo = (ROOT / "examples" / "demo" / "catalog.yml").read_text()
    catalog_file.write_text(demo.replace("/srv/estiva/repos", str(root / "repos")))
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{root}/estiva.db", root)
        stack.push_async_callback(store.close)
        known = Manifest.read(manifest("socket"))
        local = await stack.enter_async_context(
            running(manifest=known, rate_limits=False, retry_scale=0.01, trigger_seconds=BUSY)
        )
        languages, directory = Languages("en", chosen=store.preferences.language), SlackDirectory()
        catalog = _reading(catalog_file)
        desk = Desk(
            store=store,
            engine=Engine(store, {}, lambda: catalog().registry, root),
            mirrors=Mirrors(root / "mirrors"),
            catalog=catalog,
            directory=directory,
            runners=kinds(_tools(stack, root)),
            language_of=languages,
        )
        await stack.enter_async_context(_connected(_slack(local, store, desk, catalog, languages, directory)))
        yield Office(local=local, store=store, catalog_file=catalog_file, desk=desk, source=source)


def _tools(stack: AsyncExitStack, root: Path) -> Tools:
    """The runners know an engine that is away: nothing can be deployed by mistake."""
    tools = Tools(data=root, docker_url=f"unix://{root}/none.sock")
    stack.callback(tools.close)
    return tools


def _reading(file: Path) -> Callable[[], Catalog]:
    checks = known_kinds()
    return lambda: load(file, checks)


def _slack(
    local: LocalWorkspace,
    store: Store,
    desk: Desk,
    catalog: Callable[[], Catalog],
    languages: Languages,
    directory: SlackDirectory,
) -> Slack:
    async def approvers(view: RunView) -> Approvers:
        return await approvers_of(catalog(), directory, view)

    return Slack(
        access=Access(bot_token=local.bot_token, base_url=local.api_url, app_token=local.app_token, ping_seconds=0.5),
        store=store,
        desk=desk,
        catalog=catalog,
        metrics=Metrics(),
        approvers=approvers,
        rehearse=desk.rehearse,
        refs=lambda service: desk.mirrors.refs(catalog().services[service], 100),
        languages=languages,
        directory=directory,
    )


@contextlib.asynccontextmanager
async def _connected(slack: Slack) -> AsyncIterator[None]:
    await slack.open()
    task = asyncio.create_task(slack.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await slack.close()
