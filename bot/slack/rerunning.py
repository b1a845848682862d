"""The form of a rerun at work: opened with the stages that its run came to, checked, sent."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack.blocks import Block
from bot.slack.cards.modals import metadata
from bot.slack.cards.rerun_modal import STAGE, rerun_command, rerun_modal, rerun_stages
from bot.slack.inbound import Identity, Payload, from_submission
from bot.slack.marks import Say
from bot.slack.sending import Sending
from storage.model.fold import fold
from storage.model.request import Request
from storage.store import Store


def asks_stage(text: str) -> bool:
    """Tell whether a command is a rerun that names no stage yet."""
    return text.split()[:-1] == ["rerun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunForm:
    """The listener of the form, and what draws it."""

    identity: Identity
    store: Store
    sending: Sending

    async def view(self, request: Request, thread: str | None) -> Callable[[Say], Block] | None:
        """Give what draws the form for the run that a request names; `None` when there is nothing to choose from."""
        run = await self.store.runs.find(request.text.split()[-1])
        view = fold(run, await self.store.journal.of_run(run.id)) if run else None
        if view is None or not rerun_stages(view):
            return None
        return partial(rerun_modal, view, channel=request.channel, thread=thread, message=request.message)

    async def submitted(self, ack: AsyncAck, body: Payload) -> None:
        """Take the form, or answer in it what is wrong."""
        carried = metadata(body["view"])
        where = carried.get("channel", ""), carried.get("thread"), carried.get("message")
        request = from_submission(body, self.identity, rerun_command(body["view"]), *where)
        await self.sending(ack, request, lambda _refused: STAGE)
