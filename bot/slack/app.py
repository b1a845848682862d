"""The bolt app: everything Slack delivers becomes a durable request before it is acknowledged.

`process_before_response` makes bolt wait for our listener before it answers Slack, events included. So a listener only
writes the request down; what takes longer is a chore, or the intake's.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.intake import Intake
from bot.slack.answers import Links
from bot.slack.blocks import Block
from bot.slack.cards.again import MORE
from bot.slack.cards.deploy_modal import DEPLOY, SERVICE
from bot.slack.cards.home import home_view
from bot.slack.cards.modals import (
    APPROVE,
    REJECT,
    approve_command,
    approve_modal,
    metadata,
    reject_command,
    reject_modal,
)
from bot.slack.cards.reply import DROP
from bot.slack.cards.rerun_modal import RERUN
from bot.slack.chores import Chores
from bot.slack.deploying import DeployForm, Refs, no_refs
from bot.slack.home import gather_home
from bot.slack.inbound import (
    Identity,
    Payload,
    from_click,
    from_command,
    from_message,
    from_shortcut,
    from_submission,
    is_for_us,
    is_foreign,
    thread_of,
)
from bot.slack.marks import Say
from bot.slack.rerunning import RerunForm, asks_stage
from bot.slack.sending import Rehearse, Sending, unchecked
from bot.slack.speaker import Speaker
from commands.directory import Directory
from commands.texts import later
from storage.model.catalog import Catalog
from storage.model.request import Request
from storage.store import Store

log = logging.getLogger(__name__)

LOG_SHORTCUT, RETRY_SHORTCUT = "estiva_failure_log", "estiva_retry"
_SHORTCUTS = {LOG_SHORTCUT: "logs", RETRY_SHORTCUT: "retry"}
_LAST_RETRY = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the listeners work with."""

    identity: Identity
    intake: Intake
    store: Store
    catalog: Callable[[], Catalog]
    say_to: Callable[[str], Say]
    learn: Callable[[str], Awaitable[None]]
    """Sees that somebody's language is known. Asks Slack: never before the acknowledgement."""
    directory: Directory
    speaker: Speaker
    links: Links
    chores: Chores
    rehearse: Rehearse = unchecked
    refs: Refs = no_refs


class TimedApp(AsyncApp):
    """A bolt app that says how long each answer to Slack took."""

    def __init__(self, *, answered: Callable[[str, float], None], **options: Any) -> None:
        """`answered` gets the kind of payload and the seconds until the acknowledgement was ready."""
        super().__init__(**options)
        self._answered = answered

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer one delivery."""
        began = time.perf_counter()
        try:
            return await super().async_dispatch(req)
        finally:
            body = req.body
            kind = str(body.get("type") or ("command" if "command" in body else "other"))
            self._answered(kind, time.perf_counter() - began)


def build_app(
    parts: Parts,
    *,
    client: AsyncWebClient,
    signing_secret: str = "",
    answered: Callable[[str, float], None] = lambda _kind, _seconds: None,
) -> AsyncApp:
    """Make the app and its listeners. `parts.identity` comes from one auth.test; no event asks again."""

    async def authorize(**_: Any) -> AuthorizeResult:
        identity = parts.identity
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team,
            bot_user_id=identity.user,
            bot_id=identity.bot,
            bot_token=client.token,
        )

    logger = logging.getLogger("bot.slack.bolt")
    # bolt warns that a token and `authorize` are both given; that is how one auth.test is enough
    logger.setLevel(logging.ERROR)
    app = TimedApp(
        answered=answered,
        name="estiva",
        logger=logger,
        client=client,
        authorize=authorize,
        signing_secret=signing_secret,
        # over HTTP our own guard has checked the signature of the raw bytes; Socket Mode has none
        request_verification_enabled=False,
        process_before_response=True,
    )
    listeners = Listeners(parts, client)
    app.event("app_mention")(listeners.message)
    app.event("message")(listeners.message)
    app.event("app_home_opened")(listeners.home_opened)
    app.event(re.compile(".*"))(listeners.nothing)
    app.command(re.compile(r"/.*"))(listeners.command)
    app.action(re.compile(r"^estiva:deploy$"))(listeners.ask_deploy)
    app.action(re.compile(r"^estiva:reject(\.\d+)?$"))(listeners.ask_reason)
    app.action(re.compile(r"^estiva:approve\.code$"))(listeners.ask_code)
    app.action(f"estiva:{MORE}")(listeners.choose)
    app.action(re.compile(rf"^estiva:{DROP}\.\d+$"))(listeners.drop)
    app.action(re.compile(r"^estiva:"))(listeners.click)
    app.action({"type": "block_actions", "block_id": SERVICE, "action_id": "value"})(listeners.form.service_chosen)
    app.action(re.compile(r".*"))(listeners.acknowledge)
    app.view(DEPLOY)(listeners.form.submitted)
    app.view(RERUN)(listeners.rerun.submitted)
    app.view(REJECT)(listeners.reject_submitted)
    app.view(APPROVE)(listeners.approve_submitted)
    app.view_closed(re.compile(r".*"))(listeners.acknowledge)
    app.shortcut(re.compile(r"^estiva_"))(listeners.shortcut)
    app.error(listeners.failed)
    return app


class Listeners:
    """One method per kind of delivery."""

    def __init__(self, parts: Parts, client: AsyncWebClient) -> None:
        """`client` opens and publishes views."""
        self._parts = parts
        self._client = client
        sending = Sending(say_to=parts.say_to, take=parts.intake.take, rehearse=parts.rehearse)
        self.rerun = RerunForm(identity=parts.identity, store=parts.store, sending=sending)
        self.form = DeployForm(
            identity=parts.identity,
            client=client,
            chores=parts.chores,
            catalog=parts.catalog,
            say_to=parts.say_to,
            learn=parts.learn,
            sending=sending,
            refs=parts.refs,
        )

    async def message(self, body: Payload) -> None:
        """Take a mention or a direct message."""
        event, identity = body["event"], self._parts.identity
        wanted = event.get("type") == "app_mention" or event.get("channel_type") == "im"
        if wanted and is_for_us(event, identity) and not is_foreign(body, identity):
            await self._parts.intake.take(from_message(body, identity))

    async def nothing(self) -> None:
        """Take note of an event that nobody needs; without this, Slack would send it again."""

    async def acknowledge(self, ack: AsyncAck) -> None:
        """Acknowledge what needs no doing: a link button, a closed modal."""
        await ack()

    async def command(self, ack: AsyncAck, body: Payload) -> None:
        """Take a slash command; `deploy` alone asks in a modal."""
        user, channel = body["user_id"], body["channel_id"]
        if is_foreign(body, self._parts.identity):
            say = self._parts.say_to(user)
            await ack(say("Only members of this workspace can ask me."))
            return
        request = from_command(body, self._parts.identity)
        catalog = self._parts.catalog()
        if request.text == "deploy" and catalog.services and user in catalog.people:
            self._open(body, user, self.form.view(channel))
        else:
            await self._take(request, body)
        await ack()

    async def click(self, ack: AsyncAck, body: Payload) -> None:
        """Take a click: the text that its button, or the choice in its menu, offered."""
        request = from_click(body, self._parts.identity)
        if request.text and not is_foreign(body, self._parts.identity):
            await self._take(request, body)
        await ack()

    async def choose(self, ack: AsyncAck, body: Payload) -> None:
        """Take a choice of a menu as a click; a rerun asks in a modal from which stage."""
        request = from_click(body, self._parts.identity)
        if asks_stage(request.text) and not is_foreign(body, self._parts.identity):
            self._parts.chores.start("opening a modal", self._ask_stage(body, request))
            await ack()
        else:
            await self.click(ack, body)

    async def drop(self, ack: AsyncAck, respond: AsyncRespond) -> None:
        """Take away a question that its reader has no use for; nothing was begun, so there is nothing to record."""
        self._parts.chores.start("taking a question away", respond(delete_original=True))
        await ack()

    async def ask_reason(self, ack: AsyncAck, body: Payload) -> None:
        """Open the modal that asks why a release is rejected."""
        self._ask(body, "reject ", reject_modal)
        await ack()

    async def ask_code(self, ack: AsyncAck, body: Payload) -> None:
        """Open the modal that asks for the code of an authenticator."""
        self._ask(body, "approve ", approve_modal)
        await ack()

    async def ask_deploy(self, ack: AsyncAck, body: Payload) -> None:
        """Open the modal that asks what to deploy."""
        if not is_foreign(body, self._parts.identity):
            request = from_click(body, self._parts.identity)
            self._open(body, request.user, self.form.view(request.channel))
        await ack()

    async def reject_submitted(self, ack: AsyncAck, body: Payload) -> None:
        """Take a submitted reject modal."""
        await self._submitted(body, reject_command(body["view"]))
        await ack()

    async def approve_submitted(self, ack: AsyncAck, body: Payload) -> None:
        """Take a submitted approve modal."""
        text, errors = approve_command(body["view"])
        if errors:
            say = self._parts.say_to(body["user"]["id"])
            await ack(response_action="errors", errors={name: say(problem) for name, problem in errors.items()})
            return
        await self._submitted(body, text)
        await ack()

    async def shortcut(self, ack: AsyncAck, body: Payload) -> None:
        """Take a message shortcut as a command about the message's run."""
        verb = _SHORTCUTS.get(body["callback_id"])
        if verb and not is_foreign(body, self._parts.identity):
            request = from_shortcut(body, self._parts.identity, verb)
            if request is not None:
                await self._take(request, body)
            else:
                await self._no_run(body)
        await ack()

    async def home_opened(self, body: Payload) -> None:
        """Draw somebody's App Home anew."""
        event = body["event"]
        if event.get("tab", "home") == "home" and not is_foreign(body, self._parts.identity):
            self._parts.chores.start("the App Home", self._publish_home(event["user"]))

    async def failed(self, error: Exception, body: Payload, request: AsyncBoltRequest) -> BoltResponse | None:
        """Log a fault of ours and tell the person. Events get no 200, so that Slack delivers them again."""
        log.error("a delivery from Slack broke: %s", body.get("type") or body.get("command"), exc_info=error)
        user, channel = _who(body), _where(body)
        message = later("Something went wrong in Estiva itself; nothing was started. Please try again in a minute.")
        if "command" in body:
            text = self._parts.say_to(user)(message)
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})
        retry = (request.headers.get("x-slack-retry-num") or [""])[0]
        if user and channel and ("event" not in body or retry == _LAST_RETRY):
            self._parts.chores.start("the answer to a broken delivery", self._whisper(channel, user, message))
        return BoltResponse(status=500, body="") if "event" in body else None

    async def _take(self, request: Request, body: Payload) -> None:
        if body.get("response_url"):
            self._parts.links.keep(request.id, body["response_url"])
        await self._parts.intake.take(request)

    async def _submitted(self, body: Payload, text: str) -> None:
        if not is_foreign(body, self._parts.identity):
            carried = metadata(body["view"])
            where = carried.get("channel", ""), carried.get("thread"), carried.get("message")
            await self._parts.intake.take(from_submission(body, self._parts.identity, text, *where))

    async def _no_run(self, body: Payload) -> None:
        user = body["user"]["id"]
        text = later("This message is about no run. Try it on a message of mine that names one.")
        channel = (body.get("channel") or {}).get("id", user)
        self._parts.chores.start("the answer to a shortcut", self._whisper(channel, user, text))

    async def _whisper(self, channel: str, user: str, message: str) -> None:
        await self._parts.learn(user)
        text = self._parts.say_to(user)(message)
        await self._parts.speaker.whisper(channel=channel, user=user, blocks=(), text=text)

    def _ask(self, body: Payload, verb: str, modal: Callable[..., Block]) -> None:
        if not is_foreign(body, self._parts.identity):
            request = from_click(body, self._parts.identity)
            approval, where = request.text.removeprefix(verb), {"channel": request.channel, "thread": thread_of(body)}
            self._open(body, request.user, partial(modal, approval, **where, message=request.message))

    def _open(self, body: Payload, user: str, view: Callable[[Say], Block]) -> None:
        self._parts.chores.start("opening a modal", self._opened(body["trigger_id"], user, view))

    async def _opened(self, trigger: str, user: str, view: Callable[[Say], Block]) -> None:
        await self._parts.learn(user)
        await self._client.views_open(trigger_id=trigger, view=view(self._parts.say_to(user)))

    async def _ask_stage(self, body: Payload, request: Request) -> None:
        view = await self.rerun.view(request, thread_of(body))
        if view is None:
            await self._take(request, body)  # answered as any other command that is not complete
        else:
            await self._opened(body["trigger_id"], request.user, view)

    async def _publish_home(self, user: str) -> None:
        await self._parts.learn(user)
        home = await gather_home(self._parts.store, self._parts.catalog, self._parts.directory, user)
        await self._client.views_publish(user_id=user, view=home_view(home, self._parts.say_to(user)))


def _who(body: Payload) -> str:
    user = body.get("user")
    named = user.get("id") if isinstance(user, dict) else body.get("user_id")
    return str(named or (body.get("event") or {}).get("user") or "")


def _where(body: Payload) -> str:
    channel = body.get("channel")
    named = channel.get("id") if isinstance(channel, dict) else body.get("channel_id")
    return str(named or (body.get("event") or {}).get("channel") or "")
