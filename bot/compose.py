"""The composition root: the one place where the parts are put together, opened in order and closed in reverse."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from aiohttp import web

from bot.api import Approvals
from bot.catalogs import Catalogs
from bot.metrics import Metrics
from bot.presence import Alone, OneOfSeveral
from bot.role import Role
from bot.runs.links import Links, links_for
from bot.runs.pages import Pages
from bot.settings import Mode, Settings
from bot.slack.cards.shown import Difference
from bot.slack.connection import Access, Slack
from bot.slack.directory import SlackDirectory
from bot.slack.guard import Guard
from bot.slack.languages import Languages
from bot.web import listening, web_app
from commands.approvers import Approvers, approvers_of
from commands.desk import Desk, Elsewhere
from runners.aws.codepipeline.doors import Doors
from runners.barriers import frozen_in
from runners.chore import Chore
from runners.containers import EngineUnavailable
from runners.engine import Engine
from runners.kinds import Tools, cleaners, kinds, known_kinds
from runners.limits import Limits
from runners.retention import Retention
from runners.secrets import variables_of
from storage.model import artifact
from storage.model.catalog import Catalog
from storage.model.event import Fact, Kind
from storage.model.release import Release
from storage.model.run import Run
from storage.model.view import RunView
from storage.store import Store

log = logging.getLogger(__name__)

_RECONCILE = 5.0
"""Seconds between two tries to reach the Docker engine at start."""
_DOORS = 5.0
"""Between two looks whether pipelines in AWS are open or closed, as the freezes say."""
_OF_AWS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Variables that the SDK of AWS reads by itself."""
_MOST_CHANGES = 20
_MOST_REFS = 100


class PortTaken(Exception):  # noqa: N818 - told to the operator as it stands
    """Somebody else listens where Estiva should."""


class SeveralNeedPostgres(Exception):  # noqa: N818 - told to the operator as it stands
    """A process that cannot be the only one was started on SQLite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estiva:
    """A running Estiva, all parts of its role open."""

    settings: Settings
    store: Store
    tools: Tools
    engine: Engine | None
    """None in a `web`."""
    slack: Slack | None
    """None in a `worker`."""
    reconciled: bool
    """Whether the proxy points at what runs; false when the Docker engine was away at start."""
    url: str
    """Where health, metrics and HTTP mode are; empty when they are nowhere."""

    async def run(self) -> None:
        """Do the work until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.slack is not None:
                group.create_task(self.slack.run(), name="slack")
            if not self.reconciled:
                group.create_task(_reconcile(self.tools), name="reconcile")
            await asyncio.Event().wait()


@asynccontextmanager
async def estiva(
    settings: Settings, environ: Mapping[str, str] = os.environ, role: Role = Role.SERVE
) -> AsyncIterator[Estiva]:
    """Open everything that the role needs, give it, and close it again.

    Raises `SeveralNeedPostgres`, `CatalogProblems`, `EngineBusy` (another process has this data folder),
    `ForeignProxy`, `SlackSetupError`, `PortTaken`.
    """
    if settings.lite and not role.alone:
        raise SeveralNeedPostgres(
            f"`estiva {role}` shares its work with other processes, which needs PostgreSQL: set ESTIVA_DATABASE_URL, "
            "or run `estiva serve`, which does everything in one process"
        )
    catalogs = Catalogs(settings.catalog, known_kinds())
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.store_url, settings.data, secrets=_secrets(settings, catalogs(), environ))
        stack.push_async_callback(store.close)
        await _note_catalog(store, settings, catalogs())
        tools = Tools(data=settings.data.absolute(), namespace=settings.namespace, environ=environ, works=role.works)
        stack.callback(tools.close)
        metrics = Metrics()
        reconciled = await _reconciled(tools) if role.works else True
        engine = await _engine(stack, settings, store, catalogs, tools) if role.works else None
        links = links_for(settings)
        slack = await _slack(stack, settings, store, engine, catalogs, tools, metrics, links) if role.speaks else None
        url = await _http(stack, settings, store, engine, slack, metrics, links, catalogs)
        yield Estiva(
            settings=settings, store=store, tools=tools, engine=engine, slack=slack, reconciled=reconciled, url=url
        )


def _secrets(settings: Settings, catalog: Catalog, environ: Mapping[str, str]) -> list[str]:
    """Collect every secret that this process knows, to be masked wherever something is written."""
    tokens = (
        settings.slack_bot_token,
        settings.slack_app_token,
        settings.slack_signing_secret,
        settings.pages_secret,
    )
    factors = [name for person in catalog.people.values() for name in (person.totp_from, person.token_from)]
    own = (catalog.registry.password_from, *settings.secrets_from, *_OF_AWS)
    names = (*own, *factors, *variables_of(catalog))
    known = [token.get_secret_value() for token in tokens if token]
    if settings.database_url and (password := urlsplit(settings.database_url).password):
        known.append(unquote(password))
    return known + [environ[name] for name in names if name and environ.get(name)]


async def _note_catalog(store: Store, settings: Settings, catalog: Catalog) -> None:
    data = {"digest": catalog.digest, "path": str(settings.catalog)}
    fact = Fact(kind=Kind.CATALOG_CHANGED, actor="estiva", key=f"catalog/{catalog.digest}", data={**data})
    await store.journal.append(fact)


async def _engine(stack: AsyncExitStack, settings: Settings, store: Store, catalogs: Catalogs, tools: Tools) -> Engine:
    retention = Retention(store, tools.images, catalogs, tools.environ, lambda: datetime.now(UTC), tools.ecr)
    frozen = frozen_in(store, catalogs, lambda: datetime.now(UTC))
    doors = Doors(tools.clouds, catalogs, frozen)
    engine = Engine(
        store,
        kinds(tools),
        lambda: catalogs().registry,
        settings.data.absolute(),
        url=settings.store_url,
        limits=Limits(parallel=settings.work_slots),
        cleaners=cleaners(tools),
        retire=retention.clear,
        beside=[Chore("doors", doors.keep, _DOORS)],
        freezes=lambda: catalogs().freezes,
    )
    await engine.start()
    stack.push_async_callback(engine.stop)
    return engine


async def _slack(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    engine: Engine | None,
    catalogs: Catalogs,
    tools: Tools,
    metrics: Metrics,
    links: Links | None,
) -> Slack:
    languages, directory = Languages(settings.language, chosen=store.preferences.language), SlackDirectory()
    desk = Desk(
        store=store,
        engine=engine or Elsewhere(),
        mirrors=tools.mirrors,
        catalog=catalogs,
        directory=directory,
        runners=kinds(tools),
        language_of=languages,
        environ=os.environ,
    )

    async def approvers(view: RunView) -> Approvers:
        return await approvers_of(catalogs(), directory, view)

    async def between(view: RunView, old: str, new: str) -> tuple[str, ...]:
        log_lines = await tools.mirrors.log_between(view.run.plan.service, old, new, _MOST_CHANGES)
        return tuple(f"{artifact.short(commit)} {subject} ({author})" for commit, author, subject in log_lines)

    async def changes(view: RunView, running: Release) -> Difference:
        old, new = running.commit, view.artifacts.get(artifact.COMMIT, "")
        return Difference(brings=await between(view, old, new), undoes=await between(view, new, old))

    def page(view: RunView) -> str:
        return links.to_run(view.run.id, view.run.opened_at) if links is not None else ""

    def log_page(run: Run, stage: str, action: str) -> str:
        return links.to_log(run.id, run.opened_at, stage, action) if links is not None else ""

    async def refs(service: str) -> list[str]:
        return await tools.mirrors.refs(catalogs().services[service], _MOST_REFS)

    app_token = settings.slack_app_token if settings.slack_mode is Mode.SOCKET else None
    access = Access(
        bot_token=settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else "",
        base_url=settings.slack_base_url,
        app_token=app_token.get_secret_value() if app_token else None,
    )
    slack = Slack(
        access=access,
        store=store,
        desk=desk,
        catalog=catalogs,
        metrics=metrics,
        approvers=approvers,
        rehearse=desk.rehearse,
        refs=refs,
        changes=changes,
        page=page,
        log_page=log_page,
        language=settings.language,
        languages=languages,
        directory=directory,
        presence=Alone(store) if settings.lite else OneOfSeveral(store, settings.store_url),
    )
    await slack.open()
    stack.push_async_callback(slack.close)
    return slack


async def _http(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    engine: Engine | None,
    slack: Slack | None,
    metrics: Metrics,
    links: Links | None,
    catalogs: Catalogs,
) -> str:
    """Serve health and metrics, and Slack in HTTP mode; gives the address. A worker without a port serves nothing."""
    if slack is None and not settings.worker_port:
        return ""

    async def facts() -> Mapping[str, object]:
        parts: dict[str, Mapping[str, object]] = {}
        if engine is not None:
            parts["engine"] = engine.health()
        if slack is not None:
            parts["slack"] = await slack.facts()
        well = engine is None or parts["engine"]["ok"]
        heard = slack is None or parts["slack"]["connected"]
        return {"ready": bool(well and heard), **parts}

    async def gauges() -> None:
        metrics.active(run.status.value for run in await store.runs.active())
        if engine is not None:
            metrics.working(engine.health())

    http = slack is not None and settings.slack_mode is Mode.HTTP
    secret = settings.slack_signing_secret
    app = web_app(
        facts=facts,
        metrics=metrics,
        gauges=gauges,
        slack=slack.app if slack is not None and http else None,
        guard=Guard(secret.get_secret_value()) if http and secret else None,
        pages=(
            *(_pages(store, links, catalogs, slack, settings.language) if slack and links else ()),
            *(Approvals(slack.desk, catalogs, os.environ).routes() if slack else ()),
        ),
    )
    name, wanted = ("WORKER_PORT", settings.worker_port) if slack is None else ("HTTP_PORT", settings.http_port)
    try:
        port = await stack.enter_async_context(listening(app, settings.http_host, wanted))
    except OSError as problem:
        raise PortTaken(
            f"cannot listen on {settings.http_host}:{wanted} ({problem.strerror}): set ESTIVA_{name} to a free port"
        ) from problem
    url = f"http://{settings.http_host}:{port}"
    if links is not None and not links.base:
        links.base = url
    return url


def _pages(store: Store, links: Links, catalogs: Catalogs, slack: Slack, language: str) -> list[web.RouteDef]:
    return Pages(store, links, catalogs, slack.approvers, slack.thread, language).routes()


async def _reconciled(tools: Tools) -> bool:
    """Point the proxy at what runs. False when the engine is away; raises `ForeignProxy`."""
    try:
        await tools.start()
    except EngineUnavailable as problem:
        log.error("%s", problem)  # noqa: TRY400 - the message says it all
        return False
    return True


async def _reconcile(tools: Tools) -> None:
    """Try again until the engine is back."""
    while not await _reconciled(tools):  # noqa: ASYNC110 - the engine says nothing when it comes back
        await asyncio.sleep(_RECONCILE)
