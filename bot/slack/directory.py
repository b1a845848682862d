"""Who has an account, and who is in a user group: asked of Slack at the moment of the act; no answer lets nobody in."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import error_of
from bot.slack.marks import is_user
from commands.directory import DirectoryDown, Standing

log = logging.getLogger(__name__)

T = TypeVar("T")
_GOOD_FOR = 60.0
"""Seconds for which an answer serves those who only read."""
_LONGEST = 20.0
_REMEMBERED = 5000
_NOBODY = frozenset({"user_not_found", "users_not_found"})
_ELSEWHERE = frozenset({"user_not_visible"})
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})


class SlackDirectory:
    """The directory that Slack is. Nobody is let in before `connect`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._client: AsyncWebClient | None = None
        self._team = ""
        self._standings: dict[str, tuple[Standing, float]] = {}
        self._members: dict[str, tuple[frozenset[str], float]] = {}

    def connect(self, client: AsyncWebClient, team: str) -> None:
        """Take the client that asks Slack, and the workspace whose members may ask."""
        self._client, self._team = client, team

    async def standing(self, user: str, *, fresh: bool = True) -> Standing:
        """Say what kind of account this is. Raises `DirectoryDown`."""
        if not is_user(user):
            return Standing.UNKNOWN
        return await self._remembered(self._standings, user, self._standing, fresh=fresh)

    async def members(self, group: str, *, fresh: bool = True) -> frozenset[str]:
        """Say who is in a user group. Raises `DirectoryDown`."""
        return await self._remembered(self._members, group, self._who_is_in, fresh=fresh)

    async def _remembered(
        self, memory: dict[str, tuple[T, float]], key: str, ask: Callable[[str], Awaitable[T]], *, fresh: bool
    ) -> T:
        if not fresh and key in memory and memory[key][1] > self._clock():
            return memory[key][0]
        answer = await ask(key)
        if len(memory) >= _REMEMBERED:
            memory.pop(next(iter(memory)))
        memory[key] = (answer, self._clock() + _GOOD_FOR)
        return answer

    async def _standing(self, user: str) -> Standing:
        answer = await self._call("users.info", {"user": user}, _NOBODY | _ELSEWHERE)
        if isinstance(answer, str):
            return Standing.EXTERNAL if answer in _ELSEWHERE else Standing.UNKNOWN
        return standing_of(answer.get("user") or {}, self._team)

    async def _who_is_in(self, group: str) -> frozenset[str]:
        answer = await self._call("usergroups.users.list", {"usergroup": group}, _NO_GROUP)
        if isinstance(answer, str):
            log.warning("the policy names the user group %s, and Slack has none of that id: nobody is in it", group)
            return frozenset()
        return frozenset(str(user) for user in answer.get("users") or ())

    async def _call(self, method: str, params: dict[str, str], known: frozenset[str]) -> Mapping[str, Any] | str:
        """Ask Slack; one of the `known` errors is an answer too."""
        if self._client is None:
            raise DirectoryDown("Slack is not connected yet")
        try:
            async with asyncio.timeout(_LONGEST):
                answer = await self._client.api_call(method, params=params)
        except SlackApiError as refusal:
            error = error_of(refusal)
            if error in known:
                return error
            raise DirectoryDown(f"{method} says {error}") from refusal
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise DirectoryDown(f"{method}: {type(problem).__name__}") from problem
        return dict(answer.data) if isinstance(answer.data, dict) else {}


def standing_of(user: Mapping[str, Any], team: str) -> Standing:
    """Read what Slack says of a user. What is not said clearly is no member."""
    if not user.get("id"):
        return Standing.UNKNOWN
    if user.get("deleted"):
        return Standing.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Standing.BOT
    if user.get("is_stranger") or user.get("team_id") != team:
        return Standing.EXTERNAL
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    return Standing.MEMBER
