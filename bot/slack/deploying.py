"""The form of a deploy at work: opened, filled with the branches of the service that is chosen, checked, sent."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Block
from bot.slack.cards.deploy_modal import SERVICE, Picked, deploy_command, deploy_modal, input_for
from bot.slack.cards.modals import chosen_in, metadata
from bot.slack.chores import Chores
from bot.slack.inbound import Identity, Payload, from_submission
from bot.slack.marks import Say
from bot.slack.sending import Sending
from storage.model.catalog import Catalog

log = logging.getLogger(__name__)

_LONGEST_REFS = 20.0

Refs = Callable[[str], Awaitable[Sequence[str]]]
"""Gives the branches and tags of a service by name, newest first."""


async def no_refs(_service: str) -> Sequence[str]:
    """Know of no branches."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployForm:
    """The listeners of the form."""

    identity: Identity
    client: AsyncWebClient
    chores: Chores
    catalog: Callable[[], Catalog]
    say_to: Callable[[str], Say]
    learn: Callable[[str], Awaitable[None]]
    """Sees that somebody's language is known: the form may be older than this process."""
    sending: Sending
    refs: Refs

    def view(self, channel: str) -> Callable[[Say], Block]:
        """Give what draws the empty form, once the language is known."""
        return partial(deploy_modal, self.catalog(), channel=channel)

    async def service_chosen(self, ack: AsyncAck, body: Payload) -> None:
        """Bring the branches of the service into the form; that may take git a while."""
        await ack()
        self.chores.start("the branches of a form", self._fill(body))

    async def _fill(self, body: Payload) -> None:
        view, catalog = body["view"], self.catalog()
        service = chosen_in(view, SERVICE)
        if service not in catalog.services:
            return
        picked = Picked(service=service, refs=await self._refs_of(service))
        await self.learn(body["user"]["id"])
        say, channel = self.say_to(body["user"]["id"]), metadata(view).get("channel", "")
        filled = deploy_modal(catalog, say, channel=channel, picked=picked)
        try:
            await self.client.views_update(view_id=view["id"], hash=view["hash"], view=filled)
        except SlackApiError as problem:
            log.info("the form was changed or closed meanwhile: %s", problem)

    async def _refs_of(self, service: str) -> Sequence[str]:
        try:
            async with asyncio.timeout(_LONGEST_REFS):
                return await self.refs(service)
        except Exception as problem:  # noqa: BLE001 - the form works without: a branch can be typed
            log.warning("the branches of %s cannot be listed: %s", service, problem)
            return ()

    async def submitted(self, ack: AsyncAck, body: Payload) -> None:
        """Take the form, or answer in it what is wrong."""
        text, errors = deploy_command(body["view"])
        say = self.say_to(body["user"]["id"])
        if errors:
            await ack(response_action="errors", errors={name: say(problem) for name, problem in errors.items()})
            return
        channel = metadata(body["view"]).get("channel", "")
        request = from_submission(body, self.identity, text, channel, None)
        await self.sending(ack, request, lambda refused: input_for(body["view"], refused.about))
