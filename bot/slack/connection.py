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
from bot.presence import Alone, Presence
from bot.reader import READER, SlackReader
from bot.slack.answers import Answers, Links
from bot.slack.app import Parts, build_app
from bot.slack.chores import Chores
from bot.slack.client import error_of, slack_client
from bot.slack.deploying import Refs, no_refs
from bot.slack.desired import channel_of, key_of
from bot.slack.directory import SlackDirectory
from bot.slack.evidence import Evidence
from bot.slack.inbound import Identity
from bot.slack.languages import Languages
from bot.slack.marks import Say
from bot.slack.outbox import Outbox
from bot.slack.permalinks import Permalinks
from bot.slack.sending import Rehearse, unchecked
from bot.slack.socket import SocketMode
from bot.slack.speaker import Speaker
from bot.slack.surroundings import AskApprovers, Changes, Gatherer, LogPage, no_log_page, no_page, nobody, unknown
from bot.slack.telling import Telling
from bot.slack.throttle import Throttle
from commands.texts import DEFAULT, phrase
from storage.model.catalog import Catalog
from storage.model.view import RunView
from storage.store import Store
from storage.tenures import Tenure

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
        approvers: AskApprovers = nobody,
        changes: Changes = unknown,
        page: Callable[[RunView], str] = no_page,
        log_page: LogPage = no_log_page,
        rehearse: Rehearse = unchecked,
        refs: Refs = no_refs,
        language: str = DEFAULT,
        languages: Languages | None = None,
        directory: SlackDirectory | None = None,
        presence: Presence | None = None,
    ) -> None:
        """`language` is what everybody reads in channels; `languages` knows those of single people.

        `directory` is connected as soon as Slack is. `presence` says who we are among several processes; without one we
        are the only one.
        """
        self.approvers = approvers
        self.desk = desk
        self._access = access
        self._store = store
        self._catalog = catalog
        self._metrics = metrics
        self._rehearse = rehearse
        self._refs = refs
        self._languages = languages or Languages(language)
        self._directory = directory or SlackDirectory()
        self._say: Say = partial(phrase, language)
        self._log_page = log_page
        self._permalinks = Permalinks(store.posts.get)
        self._gatherer = Gatherer(
            store,
            catalog,
            self._say_about,
            approvers=approvers,
            changes=changes,
            page=page,
            log_page=log_page,
            permalinks=self._permalinks,
        )
        self._presence = presence or Alone(store)
        self.intake = Intake(
            store,
            desk,
            self.wake,
            presence=self._presence,
            language_of=self._languages,
            learn=self._languages.learn,
        )
        self._chores = Chores()
        self._session: aiohttp.ClientSession | None = None
        self._socket: SocketMode | None = None
        self._app: AsyncApp | None = None
        self._client: AsyncWebClient | None = None
        self._links = Links()
        self._telling: Telling | None = None

    @property
    def app(self) -> AsyncApp:
        """The bolt app, once opened: HTTP mode dispatches to it."""
        if self._app is None:
            raise RuntimeError(_NOT_OPEN)
        return self._app

    def speaker(self, tenure: Tenure | None = None) -> Speaker:
        """Give what says things in Slack, once opened, for as long as it is our turn."""
        if self._client is None or self._session is None:
            raise RuntimeError(_NOT_OPEN)
        return Speaker(self._client, self._session, self._store, self._say, tenure)

    async def thread(self, run: str) -> str:
        """Give the address of the thread of a run; empty while it has none, and before Slack has said who we are."""
        return await self._permalinks(key_of(run, "card"))

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
        self._permalinks.connect(identity.workspace)
        self._client = client
        parts = Parts(
            identity=identity,
            intake=self.intake,
            store=self._store,
            catalog=self._catalog,
            say_to=self._say_to,
            learn=self._languages.learn,
            speaker=self.speaker(),
            links=self._links,
            chores=self._chores,
            directory=self._directory,
            rehearse=self._rehearse,
            refs=self._refs,
        )
        self._app = build_app(parts, client=client, answered=self._metrics.answered)
        await self._presence.open()
        return identity

    async def run(self) -> None:
        """Take in, answer, and, whenever it is our turn, tell, until cancelled."""
        if self._access.app_token:
            self._socket = SocketMode(
                self.app,
                self._access.app_token,
                ping_seconds=self._access.ping_seconds,
                connected=self._metrics.connected,
            )
        async with asyncio.TaskGroup() as group:
            group.create_task(self.intake.run())
            group.create_task(self._presence.run(READER, self._tell))
            if self._socket is not None:
                group.create_task(self._socket.run())

    async def _tell(self, tenure: Tenure) -> None:
        """Show what is in the store, until cancelled: another process has taken over, or we end."""
        self._telling = self._teller(tenure)
        self._metrics.speaking(True)
        try:
            await self._telling.run()
        finally:
            self._telling = None
            self._metrics.speaking(False)

    def _teller(self, tenure: Tenure) -> Telling:
        if self._session is None:
            raise RuntimeError(_NOT_OPEN)
        speaker = self.speaker(tenure)
        outbox = Outbox(speaker, self._store, Throttle())
        answers = Answers(
            store=self._store,
            outbox=outbox,
            speaker=speaker,
            session=self._session,
            links=self._links,
            say_to=self._say_to,
            learn=self._languages.learn,
            log_page=self._log_page,
        )
        reader = SlackReader(
            store=self._store,
            outbox=outbox,
            surroundings=self._gatherer,
            evidence=Evidence(self._store, speaker),
            ended=self._count_ended,
        )
        return Telling(outbox, answers, reader)

    def wake(self) -> None:
        """Look for news and unposted replies now."""
        if self._telling is not None:
            self._telling.wake()

    async def close(self) -> None:
        """Let go of what is open. What was not said yet is said after the next start."""
        await self._chores.close()
        await self._presence.close()
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
        waiting = len(self._telling) if self._telling is not None else 0
        self._metrics.waiting(waiting)
        return {
            **known,
            "requests_in_hand": len(self.intake),
            "messages_waiting": waiting,
            "name": self._presence.name,
            "speaks": self._telling is not None,
            "speaker": self._presence.speaker,
        }

    def _hold(self, seconds: float) -> None:
        if self._telling is not None:
            self._telling.hold(seconds)

    async def _say_about(self, view: RunView) -> Say:
        """Choose the language of a run's messages: the channel's, or in a direct message that of who reads it."""
        channel = channel_of(view)
        if not channel.startswith(("C", "G")):
            await self._languages.learn(view.run.requester)
            return self._say_to(view.run.requester)
        chosen = await self._store.preferences.language(channel)
        return partial(phrase, chosen) if chosen else self._say

    def _say_to(self, user: str) -> Say:
        return partial(phrase, self._languages(user))

    def _count_ended(self, view: RunView) -> None:
        self._metrics.ended(view.run.id, view.status.value)


async def _identify(client: AsyncWebClient) -> Identity:
    backoff = 1.0
    while True:
        try:
            answer = await client.auth_test()
            return Identity(
                team=str(answer["team_id"]),
                user=str(answer["user_id"]),
                bot=str(answer["bot_id"]),
                workspace=str(answer.get("url") or ""),
            )
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
