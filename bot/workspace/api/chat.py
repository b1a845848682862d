"""chat.*: the messages of the app."""

from typing import Any

from bot.workspace import messages, posting
from bot.workspace.api.method import Call, method
from bot.workspace.channels import Channel
from bot.workspace.limits import SPECIAL, TIER_3, TIER_4
from bot.workspace.wire import BOT, BOT_USER, Json, SlackError

_LONGEST_UPDATE = 4000


@method("chat.postMessage", SPECIAL, "chat:write")
def post_message(call: Call) -> Json:
    """Post a message. The same client_msg_id twice in a channel gives the first message again."""
    channel = _destination(call)
    identity = call.text("client_msg_id")
    if identity and (ts := channel.posted.get(identity)):
        return _posted(channel, channel.messages[ts])
    parts = posting.content(call.arguments)
    posting.demand_something(parts)
    if wait := posting.spend(call.platform, channel):
        raise SlackError("ratelimited", retry_after=wait)
    message = messages.bot_message(**{**parts, "text": parts["text"] or ""}, client_msg_id=identity or None)
    message |= _thread(call, channel)
    return _posted(channel, posting.post(call.platform, channel, message))


@method("chat.update", TIER_3, "chat:write")
def update(call: Call) -> Json:
    """Change a message of the app; blocks that are not given stay as they are."""
    channel = call.channel()
    message = _own(call, channel, "cant_update_message")
    parts = posting.content(call.arguments)
    if all(value is None for value in parts.values()):
        raise SlackError("no_text")
    if parts["text"] and len(parts["text"]) > _LONGEST_UPDATE:
        raise SlackError("msg_too_long")
    given = {name: value for name, value in parts.items() if value is not None}
    if given.get("blocks") == []:
        given["blocks"] = None
    edited = {"user": BOT, "ts": channel.next_ts(call.workspace.clock())}
    after = posting.edit(call.platform, channel, message["ts"], **given, edited=edited)
    return {"ok": True, "channel": channel.id, "ts": after["ts"], "text": after.get("text", ""), "message": after}


@method("chat.delete", TIER_3, "chat:write")
def delete(call: Call) -> Json:
    """Delete a message of the app."""
    channel = call.channel()
    message = _own(call, channel, "cant_delete_message")
    posting.remove(call.platform, channel, message["ts"])
    return {"ok": True, "channel": channel.id, "ts": message["ts"]}


@method("chat.postEphemeral", TIER_4, "chat:write")
def post_ephemeral(call: Call) -> Json:
    """Show a message to one member only."""
    channel = _destination(call)
    person = call.person()
    if person.id not in channel.members:
        raise SlackError("user_not_in_channel")
    parts = posting.content(call.arguments)
    posting.demand_something(parts)
    message = messages.bot_message(**{**parts, "text": parts["text"] or ""}) | _thread(call, channel)
    shown = messages.ephemeral(call.workspace, channel, person.id, message)
    return {"ok": True, "message_ts": shown["ts"]}


@method("chat.getPermalink", SPECIAL)
def get_permalink(call: Call) -> Json:
    """Return the link to a message."""
    channel = call.channel()
    message = channel.messages.get(call.needed("message_ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.workspace.url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    thread = message.get("thread_ts")
    if thread and thread != message["ts"]:
        link += f"?thread_ts={thread}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def _destination(call: Call) -> Channel:
    wanted = call.needed("channel", "channel_not_found")
    workspace = call.workspace
    channel = workspace.direct(wanted) if wanted in workspace.people else workspace.find_channel(wanted)
    if channel is None or wanted.startswith("@"):
        raise SlackError("channel_not_found")
    if BOT_USER not in channel.members and "chat:write.public" not in workspace.manifest.scopes:
        raise SlackError("not_in_channel")
    return channel


def _own(call: Call, channel: Channel, refusal: str) -> Json:
    message = channel.messages.get(call.needed("ts", "message_not_found"))
    if message is None:
        raise SlackError("message_not_found")
    if message.get("user") != BOT_USER:
        raise SlackError(refusal)
    return message


def _thread(call: Call, channel: Channel) -> Json:
    """Return the thread's part of a reply; a reply to a reply goes to the same thread."""
    wanted = call.text("thread_ts")
    if not wanted:
        return {}
    target = channel.messages.get(wanted)
    if target is None:
        raise SlackError("thread_not_found")
    root = target.get("thread_ts", wanted)
    parent: dict[str, Any] = {"thread_ts": root}
    if author := channel.messages.get(root, target).get("user"):
        parent["parent_user_id"] = author
    if call.flag("reply_broadcast"):
        parent["subtype"] = "thread_broadcast"
    return parent


def _posted(channel: Channel, message: Json) -> Json:
    return {"ok": True, "channel": channel.id, "ts": message["ts"], "message": message}
