"""What is missing, and how to mend it: settings, Slack, catalog, database, Docker, registry, git."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp
import psycopg
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.local import LocalAccess, registry_login
from bot.role import Role
from bot.settings import SLACK, Mode, Settings
from bot.slack.manifest import SCOPES
from runners.checkup import checkup
from runners.findings import Finding
from runners.kinds import known_kinds
from runners.lease import look
from storage.catalog import CatalogProblems, load
from storage.model.catalog import Catalog
from storage.store import Store

_LEAST_FREE = 2_000_000_000
"""Bytes of disk below which builds are likely to fail."""


async def doctor_of(settings: Settings, role: Role) -> "Doctor":
    """Look at what a process here would get; where nothing of Slack is set and a demo is up, at what its bot got."""
    access = LocalAccess.read(settings.data)
    foreign = settings.slack_base_url != SLACK or settings.slack_bot_token or settings.slack_app_token
    if foreign or access is None or not await access.answers():
        return Doctor(settings, role)
    try:
        login = registry_login(settings.data)
    except FileNotFoundError:  # a workspace without a demo: the registry is the operator's own
        login = {}
    return Doctor(settings.model_copy(update=access.settings()), role, {**os.environ, **login}, demo=True)


@dataclass(frozen=True, slots=True)
class Doctor:
    """Looks at everything that Estiva needs; changes nothing but the database's own tables."""

    settings: Settings
    role: Role = Role.SERVE
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    demo: bool = False
    """Whether what stands in for Slack is the demo's workspace."""

    async def examine(self) -> AsyncIterator[Finding]:
        """Give one finding after the other, the quick ones first."""
        yield self._disk()
        yield self._git()
        catalog, finding = self._catalog()
        yield finding
        yield await self._database()
        yield await self._processes()
        if self.role.speaks:
            async for found in self._slack():
                yield found
        if catalog is not None:
            looked = checkup(catalog, namespace=self.settings.namespace, environ=self.environ, works=self.role.works)
            async for found in looked:
                yield found

    def _disk(self) -> Finding:
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(self.settings.data).free
        mend = "free some space, or move ESTIVA_DATA to a larger disk" if free < _LEAST_FREE else ""
        return Finding("disk", f"{free // 1_000_000_000} GB free at {self.settings.data}", mend)

    def _git(self) -> Finding:
        found = shutil.which("git")
        return Finding("git", found or "not found", "" if found else "install git (`apt-get install git`)")

    def _catalog(self) -> tuple[Catalog | None, Finding]:
        try:
            catalog = load(self.settings.catalog, known_kinds())
        except CatalogProblems as problems:
            return None, Finding(
                "catalog", str(problems), "mend these lines; `estiva catalog check` tells when it is good"
            )
        except OSError as problem:
            return None, Finding("catalog", str(problem), "set ESTIVA_CATALOG to your catalog file")
        return catalog, Finding("catalog", f"{len(catalog.services)} services in {self.settings.catalog}", "")

    async def _database(self) -> Finding:
        try:
            store = await Store.open(self.settings.store_url, self.settings.data)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is the finding
            return Finding(
                "database", f"{type(problem).__name__}: {problem}", "set ESTIVA_DATABASE_URL to a database that answers"
            )
        await store.close()
        return Finding("database", self.settings.store_url.split("@")[-1], "")

    async def _processes(self) -> Finding:
        """Whether the role can be had on this database, and who else lives there."""
        if self.settings.lite:
            mend = "" if self.role.alone else "set ESTIVA_DATABASE_URL to a PostgreSQL, or run `estiva serve`"
            return Finding("processes", "SQLite: one `estiva serve` does everything", mend)
        try:
            server = await look(self.settings.store_url)
        except (psycopg.Error, OSError) as problem:
            return Finding(
                "processes", str(problem).splitlines()[0], "set ESTIVA_DATABASE_URL to a database that answers"
            )
        found = f"PostgreSQL {server.version}; alive: {', '.join(server.living) or 'none'}"
        old = "upgrade PostgreSQL to 14 or newer, which notices a process that hangs"
        return Finding("processes", found, "" if server.ends_frozen_sessions else old)

    async def _slack(self) -> AsyncIterator[Finding]:
        missing = self.settings.missing()
        if self.demo:
            url = self.settings.slack_base_url.removesuffix("/api/")
            yield Finding("slack", f"not set; looked at the demo's workspace at {url} (docs/connect-slack.md)", "")
        if missing:
            yield Finding(
                "slack", f"{', '.join(missing)} not set", "see docs/connect-slack.md, or `make demo` without Slack"
            )
            return
        async with aiohttp.ClientSession() as session:
            yield await self._bot_token(session)
            if self.settings.slack_mode is Mode.SOCKET:
                yield await self._app_token(session)

    async def _bot_token(self, session: aiohttp.ClientSession) -> Finding:
        token = self.settings.slack_bot_token
        client = AsyncWebClient(
            token=token.get_secret_value() if token else None, base_url=self.settings.slack_base_url, session=session
        )
        try:
            answer = await client.auth_test()
        except SlackApiError as problem:
            return Finding(
                "slack bot token",
                problem.response["error"],
                "copy the bot token anew from the app's page, OAuth & Permissions",
            )
        except (TimeoutError, aiohttp.ClientError) as problem:
            return Finding(
                "slack bot token", str(problem), f"see that {self.settings.slack_base_url} can be reached from here"
            )
        granted = set(str(answer.headers.get("x-oauth-scopes", "")).split(","))
        lacking = [scope for scope in SCOPES if granted != {""} and scope not in granted]
        mend = f"add the scopes {', '.join(lacking)} and install the app again" if lacking else ""
        return Finding("slack bot token", f"{answer['user']} in {answer['team']}", mend)

    async def _app_token(self, session: aiohttp.ClientSession) -> Finding:
        token = self.settings.slack_app_token
        client = AsyncWebClient(base_url=self.settings.slack_base_url, session=session)
        try:
            await client.apps_connections_open(app_token=token.get_secret_value() if token else "")
        except SlackApiError as problem:
            return Finding(
                "slack app token", problem.response["error"], "make an app-level token with connections:write"
            )
        except (TimeoutError, aiohttp.ClientError) as problem:
            return Finding(
                "slack app token", str(problem), f"see that {self.settings.slack_base_url} can be reached from here"
            )
        return Finding("slack app token", "socket mode works", "")
