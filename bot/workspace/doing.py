"""What a person does: say, command, click, submit, close, call a shortcut, look at the App Home."""

import uuid
from typing import Any

from bot.workspace import events, inputs, interactions, messages, modals, posting, text
from bot.workspace.blocks.surfaces import demand_view
from bot.workspace.channels import Channel
from bot.workspace.delivery import Outcome
from bot.workspace.people import Person
from bot.workspace.platform import Destination, Platform
from bot.workspace.wire import BOT_USER, TEAM, Json, SlackError, fresh

LONGEST = 12_000
_DISPATCH_ERRORS = {
    "no_connection": "dispatch_failed",
    "connection_failed": "dispatch_failed",
    "timeout": "operation_timeout",
    "http_timeout": "operation_timeout",
}


class Failed(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """What a person did came to nothing; `error` is a stable word, the text is for the person."""

    def __init__(self, error: str, message: str, status: int = 200, **extra: Any) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.status = status
        self.extra = extra


def say(platform: Platform, person: Person, channel: Channel, raw: str, thread_ts: str | None) -> Json:
    """Post what a person typed, as a client does, and tell the app."""
    workspace = platform.workspace
    written, blocks = text.typed(workspace, raw)
    message: Json = {
        "type": "message",
        "user": person.id,
        "client_msg_id": str(uuid.uuid4()),
        "team": TEAM,
        "text": written,
        "blocks": blocks,
    }
    if thread_ts:
        target = channel.messages.get(thread_ts)
        if target is None:
            raise Failed("thread_not_found", "That thread is gone.", 404)
        root = channel.messages.get(target.get("thread_ts", thread_ts), target)
        message |= {"thread_ts": root["ts"], "parent_user_id": root.get("user")}
    stored = messages.post(workspace, channel, message)
    if f"<@{BOT_USER}>" in written and BOT_USER not in channel.members:
        _fail(platform, person, "mention", channel, "not_in_channel", "Estiva is not here. Type /invite @estiva first.")
    events.said(platform, channel, stored)
    return stored


async def command(platform: Platform, person: Person, channel: Channel, raw: str, *, in_thread: bool) -> Json:
    """Run a slash command; its ack may carry an answer."""
    name, _, rest = raw.strip().partition(" ")
    rest = rest.strip()
    if name == "/invite":
        return invite(platform, channel, rest)
    known = platform.workspace.manifest.command(name)
    if known is None:
        raise Failed("unknown_command", f"{name} is not a valid command.", command=name, kind="command")
    if in_thread:
        raise Failed("not_in_thread", f"{name} is not supported in threads. Sorry!", command=name, kind="command")
    written = text.command_text(platform.workspace, rest) if known.escape else text.escape(rest)
    payload = interactions.slash_command(platform, person, channel, name, written)
    outcome = await platform.delivery.ask("slash_commands", payload)
    if not outcome.acked:
        raise _command_failed(
            platform, person, channel, name, _DISPATCH_ERRORS.get(outcome.reason, "http_service_error")
        )
    if outcome.payload.get("text") or outcome.payload.get("blocks"):
        try:
            posting.answer(platform, Destination(channel=channel, person=person.id), outcome.payload)
        except SlackError as refusal:
            raise _command_failed(platform, person, channel, name, refusal.error) from refusal
    return {"ok": True, "kind": "command", "command": name, "text": rest}


def invite(platform: Platform, channel: Channel, who: str) -> Json:
    """Let the bot into a channel."""
    person = platform.workspace.find_person(who)
    if person is None or channel.kind != "channel":
        raise Failed("user_not_found", f"There is nobody called {who} to invite.", kind="command", command="/invite")
    if person.id not in channel.members:
        channel.members.append(person.id)
        platform.workspace.remember("joined", channel=channel.id, members=channel.members)
        joined = {"type": "message", "subtype": "channel_join", "user": person.id, "team": TEAM}
        messages.post(platform.workspace, channel, joined | {"text": f"<@{person.id}> has joined the channel"})
    return {"ok": True, "kind": "command", "command": "/invite", "text": who}


async def click(platform: Platform, person: Person, channel: Channel, ts: str, request: Json) -> None:
    """Press a button or pick something in a message."""
    own = channel.ephemerals.get(person.id, {})
    message = own.get(ts) or channel.messages.get(ts)
    if message is None:
        raise Failed("message_not_found", "That message is gone.", 404)
    blocks = list(message.get("blocks", []))
    for attachment in message.get("attachments", ()):
        blocks += attachment.get("blocks", ())
    actions, state = _acted(platform, blocks, request)
    payload = interactions.message_actions(platform, person, channel, message, actions, state)
    outcome = await platform.delivery.ask("interactive", payload)
    if not outcome.acked:
        raise _no_response(platform, person, "action", outcome, channel, ts)


async def click_in_view(platform: Platform, person: Person, view: Json, request: Json) -> None:
    """Press a button or pick something in a modal or App Home."""
    actions, state = _acted(platform, view["blocks"], request)
    view["state"] = state
    payload = interactions.view_actions(platform, person, view, actions, state)
    outcome = await platform.delivery.ask("interactive", payload)
    if not outcome.acked:
        raise _no_response(platform, person, "action", outcome)


async def submit(platform: Platform, person: Person, view: Json, values: Json) -> Json:
    """Submit a modal and do what the app answers: close, errors, update, push, clear."""
    state = _state(view["blocks"], values)
    if faults := inputs.faults(view["blocks"], state):
        raise Failed("validation", "Some fields need another look.", errors=faults)
    outcome = await platform.delivery.ask("interactive", interactions.view_submission(platform, person, view, state))
    if not outcome.acked:
        raise _trouble(platform, person)
    try:
        response = _respond(platform, person, view, outcome.payload)
    except SlackError as refusal:
        raise _trouble(platform, person, refusal.error) from refusal
    return {"ok": True, "response": response, "views": platform.workspace.stack(person.id)}


def close(platform: Platform, person: Person, view: Json, *, whole: bool) -> None:
    """Close a modal (or the whole stack); the app is told if it asked for that."""
    workspace = platform.workspace
    whole = whole or bool(view.get("clear_on_close"))
    closed = workspace.stack(person.id) if whole else [view]
    if whole:
        modals.clear(workspace, person.id)
    else:
        modals.close(workspace, person.id, view["id"])
    for each in reversed(closed):
        if each["notify_on_close"]:
            payload = interactions.view_closed(platform, person, each, cleared=whole)
            platform.delivery.spawn(platform.delivery.ask("interactive", payload))


async def shortcut(platform: Platform, person: Person, callback_id: str, channel: Channel | None, ts: str) -> None:
    """Call a shortcut, of a message when `channel` is given."""
    if channel is None:
        payload = interactions.global_shortcut(platform, person, callback_id)
    elif ts in channel.messages:
        payload = interactions.message_shortcut(platform, person, channel, channel.messages[ts], callback_id)
    else:
        raise Failed("message_not_found", "That message is gone.", 404)
    outcome = await platform.delivery.ask("interactive", payload)
    if not outcome.acked:
        raise _no_response(platform, person, "shortcut", outcome, channel, ts)


def _acted(platform: Platform, blocks: list[Json], request: Json) -> tuple[list[Json], Json]:
    block_id, action_id = str(request.get("block_id", "")), str(request.get("action_id", ""))
    element = inputs.find(blocks, block_id, action_id, request.get("value"))
    if element is None:
        raise Failed("action_not_found", "That button is gone.", 404)
    now = f"{platform.workspace.clock():.6f}"
    given: Json = {block: dict(entries) for block, entries in (request.get("state") or {}).items()}
    picked = request.get("selected") if request.get("selected") is not None else request.get("value")
    if picked is not None:
        given.setdefault(block_id, {})[action_id] = picked
    try:
        action = inputs.action(element, block_id, request.get("value"), request.get("selected"), now)
    except inputs.UnknownChoiceError as fault:
        raise Failed("invalid_choice", str(fault), 400) from fault
    return [action], _state(blocks, given)


def _state(blocks: list[Json], given: Json) -> Json:
    try:
        return inputs.state(blocks, given)
    except (inputs.UnknownChoiceError, AttributeError, TypeError) as fault:
        raise Failed("invalid_choice", str(fault), 400) from fault


def _respond(platform: Platform, person: Person, view: Json, answer: Json) -> str:
    workspace = platform.workspace
    match answer.get("response_action"):
        case None:
            modals.close(workspace, person.id, view["id"])
            return "closed"
        case "clear":
            modals.clear(workspace, person.id)
            return "cleared"
        case "errors":
            return _refuse(view, answer.get("errors"))
        case "update":
            demand_view(answer.get("view"), "modal")
            modals.update(workspace, view, answer["view"])
            return "updated"
        case "push":
            demand_view(answer.get("view"), "modal")
            modals.push(workspace, person.id, answer["view"])
            return "pushed"
        case _:
            raise SlackError("invalid_response_action")


def _refuse(view: Json, errors: Any) -> str:
    known = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= known:
        raise SlackError("invalid_errors")
    raise Failed("validation", "Some fields need another look.", errors=errors)


def _command_failed(platform: Platform, person: Person, channel: Channel, name: str, error: str) -> Failed:
    sentence = f'{name} failed with the error "{error}"'
    _fail(platform, person, "command", channel, error, sentence)
    return Failed(error, sentence, command=name, kind="command")


def _no_response(
    platform: Platform, person: Person, what: str, outcome: Outcome, channel: Channel | None = None, ts: str = ""
) -> Failed:
    sentence = "Estiva did not respond. Try again in a moment."
    _fail(platform, person, what, channel, "app_did_not_respond", sentence, ts)
    return Failed("app_did_not_respond", sentence, reason=outcome.reason)


def _trouble(platform: Platform, person: Person, reason: str = "") -> Failed:
    sentence = "We had some trouble connecting. Try again?"
    _fail(platform, person, "view", None, "app_did_not_respond", sentence)
    return Failed("app_did_not_respond", sentence, reason=reason)


def _fail(
    platform: Platform, person: Person, what: str, channel: Channel | None, error: str, sentence: str, ts: str = ""
) -> None:
    event: Json = {"type": "failure", "what": what, "error": error, "message": sentence, "failure_id": fresh("", 8)}
    if channel is not None:
        event["channel"] = channel.id
    if ts:
        event["message_ts"] = ts
    platform.workspace.stream.publish(event, [person.id])
