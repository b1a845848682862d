"""Slack as one part of the process: opened, run, asked how it is, closed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.intake import Answering, Intake
from bot.metrics import Metrics
from bot.reader import SlackReader
from bot.slack.answers import Answers, Links
from bot.slack.app import Parts, build_app
from bot.slack.chores import Chores
from bot.slack.client import error_of, slack_client
from bot.slack.directory import SlackDirectory
from bot.slack.evidence import Evidence
from bot.slack.inbound import Identity
from bot.slack.languages import Languages
from bot.slack.marks import Say
from bot.slack.outbox import Outbox
from bot.slack.socket import SocketMode
from bot.slack.speaker import Speaker
from bot.slack.surroundings import Approvers, Changes, Gatherer, nobody, unknown
from bot.slack.throttle import Throttle
from commands.texts import DEFAULT, phrase
from storage.model.catalog import Catalog
from storage.model.view import RunView
from storage.store import Store

log = logging.getLogger(__name__)

_OPERATOR = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_LONGEST_BACKOFF = 30.0
_NOT_OPEN = "Slack is not open yet: await open() first"


class SlackSetupError(Exception):
    """Slack refuses the tokens; the operator has to act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How Slack is reached. With an `app_token` over Socket Mode; without one it reaches us over HTTP."""

    bot_token: str
    base_url: str
    app_token: str | None = None
    ping_seconds: float = 5.0


class Slack:
    """Everything on the Slack side. `open` it, keep `run` running, `close` it; `wake` says that there may be news."""

    def __init__(
        self,
        *,
        access: Access,
        store: Store,
        desk: Answering,
        catalog: Callable[[], Catalog],
        metrics: Metrics,
        approvers: Approvers = nobody,
        changes: Changes = unknown,
        language: str = DEFAULT,
        languages: Languages | None = None,
        directory: SlackDirectory | None = None,
    ) -> None:
        """`language` is what everybody reads in channels; `languages` knows those of single people.

        `directory` is connected as soon as Slack is.
        """
        self._access = access
        self._store = store
        self._catalog = catalog
        self._metrics = metrics
        self._languages = languages or Languages(language)
        self._directory = directory or SlackDirectory()
        self._say: Say = partial(phrase, language)
        self._gatherer = Gatherer(store, catalog, self._say, approvers=approvers, changes=changes)
        self.intake = Intake(store, desk, self.wake, language_of=self._languages, learn=self._languages.learn)
        self._chores = Chores()
        self._session: aiohttp.ClientSession | None = None
        self._socket: SocketMode | None = None
        self._app: AsyncApp | None = None
        self._speaker: Speaker | None = None
        self._outbox: Outbox | None = None
        self._answers: Answers | None = None
        self._reader: SlackReader | None = None

    @property
    def app(self) -> AsyncApp:
        """The bolt app, once opened: HTTP mode dispatches to it."""
        if self._app is None:
            raise RuntimeError(_NOT_OPEN)
        return self._app

    @property
    def speaker(self) -> Speaker:
        """What says things in Slack, once opened."""
        if self._speaker is None:
            raise RuntimeError(_NOT_OPEN)
        return self._speaker

    async def open(self) -> Identity:
        """Learn who we are and put the parts together. Waits while Slack cannot be reached.

        Raises `SlackSetupError` when Slack refuses the token.
        """
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        client = slack_client(
            self._access.bot_token,
            session=self._session,
            base_url=self._access.base_url,
            counted=self._metrics.called,
            hold=self._hold,
        )
        self._languages.connect(client)
        try:
            identity = await _identify(client)
        except BaseException:
            await self._session.close()
            raise
        self._directory.connect(client, identity.team)
        self._speaker = speaker = Speaker(client, self._session, self._store, self._say)
        self._outbox = Outbox(speaker, self._store, Throttle())
        self._put_together(client, identity, speaker, self._outbox, self._session)
        return identity

    def _put_together(
        self,
        client: AsyncWebClient,
        identity: Identity,
        speaker: Speaker,
        outbox: Outbox,
        session: aiohttp.ClientSession,
    ) -> None:
        links = Links()
        say_to, learn = self._say_to, self._languages.learn
        self._answers = Answers(
            store=self._store, outbox=outbox, speaker=speaker, session=session, links=links, say_to=say_to, learn=learn
        )
        self._reader = SlackReader(
            store=self._store,
            outbox=outbox,
            surroundings=self._gatherer,
            evidence=Evidence(self._store, speaker),
            ended=self._count_ended,
        )
        parts = Parts(
            identity=identity,
            intake=self.intake,
            store=self._store,
            catalog=self._catalog,
            say_to=say_to,
            learn=learn,
            speaker=speaker,
            links=links,
            chores=self._chores,
        )
        self._app = build_app(parts, client=client, answered=self._metrics.answered)

    async def run(self) -> None:
        """Take in, answer and tell until cancelled."""
        if self._access.app_token:
            self._socket = SocketMode(
                self.app,
                self._access.app_token,
                ping_seconds=self._access.ping_seconds,
                connected=self._metrics.connected,
            )
        async with asyncio.TaskGroup() as group:
            for part in (self.intake, self._outbox, self._answers, self._reader, self._socket):
                if part is not None:
                    group.create_task(part.run())

    def wake(self) -> None:
        """Look for news and unposted replies now."""
        for part in (self._reader, self._answers):
            if part is not None:
                part.wake()

    async def close(self) -> None:
        """Let go of what is open. What was not said yet is said after the next start."""
        await self._chores.close()
        if self._session is not None:
            await self._session.close()

    async def facts(self) -> Mapping[str, object]:
        """Say how the Slack side is, for /health. `connected` is what readiness depends on."""
        over_http = self._access.app_token is None
        known: dict[str, object] = {
            "mode": "http" if over_http else "socket",
            "connected": over_http and self._app is not None,
        }
        if self._socket is not None:
            known |= await self._socket.facts()
        waiting = len(self._outbox) if self._outbox is not None else 0
        self._metrics.waiting(waiting)
        return {**known, "requests_in_hand": len(self.intake), "messages_waiting": waiting}

    def _hold(self, seconds: float) -> None:
        if self._outbox is not None:
            self._outbox.hold(seconds)

    def _say_to(self, user: str) -> Say:
        return partial(phrase, self._languages(user))

    def _count_ended(self, view: RunView) -> None:
        self._metrics.ended(view.run.id, view.status.value)


async def _identify(client: AsyncWebClient) -> Identity:
    backoff = 1.0
    while True:
        try:
            answer = await client.auth_test()
            return Identity(team=str(answer["team_id"]), user=str(answer["user_id"]), bot=str(answer["bot_id"]))
        except SlackApiError as problem:
            word = error_of(problem)
            if word in _OPERATOR:
                raise SlackSetupError(
                    f"Slack refuses the bot token ({word}): take it anew from the app's page, "
                    "under OAuth & Permissions, and set ESTIVA_SLACK_BOT_TOKEN"
                ) from problem
            log.warning("Slack answers %s to auth.test; asked again in %.0f s", word, backoff)
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("Slack cannot be reached (%s); tried again in %.0f s", problem, backoff)
        await asyncio.sleep(backoff)
        backoff = min(backoff * 2, _LONGEST_BACKOFF)
