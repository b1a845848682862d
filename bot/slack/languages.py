"""Which language somebody reads: asked of Slack before they are answered, remembered, never waited for twice."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.marks import is_user
from commands.texts import DEFAULT, language_for

log = logging.getLogger(__name__)

_GOOD_FOR = 3600.0
_AGAIN_AFTER = 60.0
"""Seconds after which a question that Slack did not answer is asked again."""
_LONGEST = 1.0
_REMEMBERED = 5000


async def _nothing(_user: str) -> str | None:
    """Know of no choice."""


class Languages:
    """The languages of people, by user id. Call it for what is known now; `learn` before that asks Slack."""

    def __init__(
        self,
        default: str = DEFAULT,
        clock: Callable[[], float] = time.monotonic,
        *,
        chosen: Callable[[str], Awaitable[str | None]] = _nothing,
    ) -> None:
        """`default` is for whoever Slack says nothing about, `chosen` what people chose here; `clock` gives seconds."""
        self._default = default
        self._chosen = chosen
        self._own: dict[str, str] = {}
        self._clock = clock
        self._client: AsyncWebClient | None = None
        self._known: dict[str, tuple[str, float]] = {}

    def connect(self, client: AsyncWebClient) -> None:
        """Take the client that asks Slack. Until then everybody reads the default language."""
        self._client = client

    def __call__(self, user: str) -> str:
        """Give somebody's language, as far as it is known. Asks nobody: fit for the way to an acknowledgement."""
        return self._own.get(user) or self._known.get(user, (self._default, 0.0))[0]

    async def learn(self, user: str) -> None:
        """Look up what somebody chose, else ask Slack unless it said so within the hour. Takes a second at most."""
        own = await self._chosen(user)
        if own is not None:
            self._own[user] = own
            return
        self._own.pop(user, None)
        if self._client is None or not is_user(user) or self._known.get(user, ("", 0.0))[1] > self._clock():
            return
        try:
            async with asyncio.timeout(_LONGEST):
                answer = await self._client.users_info(user=user, include_locale=True)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as problem:
            log.warning("Slack does not say what %s reads (%s): %s it is", user, type(problem).__name__, self(user))
            self._keep(user, self(user), _AGAIN_AFTER)
            return
        locale = str((answer.get("user") or {}).get("locale") or "")
        self._keep(user, language_for(locale, self._default), _GOOD_FOR)

    def _keep(self, user: str, language: str, seconds: float) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[user] = (language, self._clock() + seconds)
