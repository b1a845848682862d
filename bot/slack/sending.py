"""A form that is sent: what it asks is looked at while it still stands open, and refused in it; else it is taken."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack.marks import Say
from commands.command import Refused
from commands.times import written
from storage.model.moment import spelled
from storage.model.request import Request

_LONGEST = 2.0
"""Seconds in which a form is checked before it is sent: Slack waits for three in all."""

Rehearse = Callable[[Request], Awaitable[Refused | None]]
"""Tells what a request would be refused for, and does nothing."""


async def unchecked(_request: Request) -> Refused | None:
    """Know of nothing to refuse beforehand."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Where forms are sent to."""

    say_to: Callable[[str], Say]
    take: Callable[[Request], Awaitable[object]]
    """Keeps a request; durable on return."""
    rehearse: Rehearse

    async def __call__(self, ack: AsyncAck, request: Request, place: Callable[[Refused], str]) -> None:
        """Take what a form asks, or answer at one of its inputs, which `place` names, what it is refused for."""
        refused = await self._refused(request)
        if refused is None:
            await self.take(request)
            await ack()
            return
        text = spelled(refused.text, partial(written, self.say_to(request.user)))
        await ack(response_action="errors", errors={place(refused): text[:2000]})

    async def _refused(self, request: Request) -> Refused | None:
        """Look whether it can be done, as far as that shows in time; else it is said where all answers are."""
        try:
            async with asyncio.timeout(_LONGEST):
                return await self.rehearse(request)
        except TimeoutError:
            return None
