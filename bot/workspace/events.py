"""Which events the app gets for what happens, and what they hold."""

from bot.workspace.channels import Channel
from bot.workspace.platform import Platform
from bot.workspace.wire import BOT_USER, Json

_MENTION = f"<@{BOT_USER}>"


def said(platform: Platform, channel: Channel, message: Json) -> None:
    """Tell the app of a new message, if it is in the channel and subscribed."""
    content = _public(message)
    _send_message(platform, channel, content | {"event_ts": message["ts"]})
    by_person = message.get("user") != BOT_USER
    if channel.kind == "channel" and by_person and _MENTION in message.get("text", ""):
        mention = {name: value for name, value in content.items() if name not in ("type", "parent_user_id")}
        mention |= {"type": "app_mention", "channel": channel.id, "event_ts": message["ts"]}
        _send(platform, channel, "app_mention", mention)


def changed(platform: Platform, channel: Channel, before: Json, after: Json) -> None:
    """Tell the app of an edited message."""
    ts = channel.next_ts(platform.workspace.clock())
    event = {"type": "message", "subtype": "message_changed", "hidden": True, "ts": ts, "event_ts": ts}
    _send_message(platform, channel, event | {"message": _public(after), "previous_message": _public(before)})


def deleted(platform: Platform, channel: Channel, message: Json) -> None:
    """Tell the app of a deleted message."""
    ts = channel.next_ts(platform.workspace.clock())
    event = {"type": "message", "subtype": "message_deleted", "hidden": True, "ts": ts, "event_ts": ts}
    _send_message(platform, channel, event | {"deleted_ts": message["ts"], "previous_message": _public(message)})


def reacted(platform: Platform, channel: Channel, ts: str, person: str, name: str, *, added: bool) -> None:
    """Tell the app of a reaction."""
    kind = "reaction_added" if added else "reaction_removed"
    now = channel.next_ts(platform.workspace.clock())
    item = {"type": "message", "channel": channel.id, "ts": ts}
    event: Json = {"type": kind, "user": person, "reaction": name, "item": item, "event_ts": now}
    _send(platform, channel, kind, event | {"item_user": channel.messages[ts].get("user")})


def home_opened(platform: Platform, person: str) -> None:
    """Tell the app that a person looks at its App Home."""
    workspace = platform.workspace
    channel = workspace.direct(person)
    if channel is None:
        return
    ts = channel.next_ts(workspace.clock())
    event: Json = {"type": "app_home_opened", "user": person, "channel": channel.id, "tab": "home", "event_ts": ts}
    if view := workspace.homes.get(person):
        event["view"] = view
    _send(platform, channel, "app_home_opened", event)


def _public(message: Json) -> Json:
    return {name: value for name, value in message.items() if name != "metadata"}


def _send_message(platform: Platform, channel: Channel, event: Json) -> None:
    kind = channel.kind
    name = "message.im" if kind == "im" else "message.channels"
    _send(platform, channel, name, event | {"channel": channel.id, "channel_type": kind})


def _send(platform: Platform, channel: Channel, subscription: str, event: Json) -> None:
    if BOT_USER in channel.members and subscription in platform.workspace.manifest.events:
        platform.delivery.event(event)
