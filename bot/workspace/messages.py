"""Messages are posted, edited, taken away; threads count their replies; everybody who may see it hears of it."""

from bot.workspace.channels import Channel
from bot.workspace.files import located
from bot.workspace.state import Workspace
from bot.workspace.wire import APP, BOT, BOT_USER, TEAM, Json


def bot_message(**parts: object) -> Json:
    """Return the frame of a message by the app, with `parts` that are not None."""
    frame: Json = {"type": "message", "user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM}
    return frame | {name: value for name, value in parts.items() if value is not None}


def post(workspace: Workspace, channel: Channel, message: Json) -> Json:
    """Store a new message under a new ts and tell the members."""
    message = {**message, "ts": channel.next_ts(workspace.clock())}
    channel.put(message)
    _keep(workspace, channel, message)
    event: Json = {
        "type": "message",
        "channel": channel.id,
        "ts": message["ts"],
        "message": shown(workspace, channel, message),
    }
    root = channel.messages.get(message.get("thread_ts", ""))
    if root is not None:
        event["thread_ts"] = root["ts"]
    workspace.stream.publish(event, channel.members)
    if root is not None:
        _count_reply(workspace, channel, root, message)
    if author := message.get("user"):
        read(workspace, channel, author, message["ts"])
    return message


def edit(workspace: Workspace, channel: Channel, ts: str, **changes: object) -> Json:
    """Change a message in place; a change to None takes the key away."""
    message = channel.messages[ts]
    for name, value in changes.items():
        if value is None:
            message.pop(name, None)
        else:
            message[name] = value
    _keep(workspace, channel, message)
    changed = {
        "type": "message_changed",
        "channel": channel.id,
        "ts": ts,
        "message": shown(workspace, channel, message),
    }
    workspace.stream.publish(changed, channel.members)
    return message


def remove(workspace: Workspace, channel: Channel, ts: str) -> None:
    """Take a message away."""
    message = channel.messages.pop(ts)
    channel.posted.pop(message.get("client_msg_id", ""), None)
    workspace.remember("gone", channel=channel.id, ts=ts)
    workspace.stream.publish({"type": "message_deleted", "channel": channel.id, "ts": ts}, channel.members)
    root = channel.messages.get(message.get("thread_ts", ""))
    if root is not None:
        replies = [each for each in channel.messages.values() if _is_reply(each, root["ts"])]
        _set_replies(workspace, channel, root, replies)


def ephemeral(workspace: Workspace, channel: Channel, person: str, message: Json, ts: str | None = None) -> Json:
    """Show a message to one person only; with `ts` it replaces an earlier one. It is in no history."""
    own = channel.ephemerals.setdefault(person, {})
    message = {**message, "ts": ts or channel.next_ts(workspace.clock()), "is_ephemeral": True}
    own[message["ts"]] = message
    event: Json = {"type": "ephemeral", "channel": channel.id, "ts": message["ts"]}
    if "thread_ts" in message:
        event["thread_ts"] = message["thread_ts"]
    workspace.stream.publish(event | {"message": shown(workspace, channel, message)}, [person])
    return message


def remove_ephemeral(workspace: Workspace, channel: Channel, person: str, ts: str) -> None:
    """Take an ephemeral message away."""
    if channel.ephemerals.get(person, {}).pop(ts, None) is not None:
        workspace.stream.publish({"type": "message_deleted", "channel": channel.id, "ts": ts}, [person])


def read(workspace: Workspace, channel: Channel, person: str, ts: str) -> None:
    """Mark a channel as read up to `ts`; never backwards."""
    if ts <= channel.reads.get(person, "0"):
        return
    channel.reads[person] = ts
    workspace.remember("read", channel=channel.id, user=person, ts=ts)
    workspace.stream.publish({"type": "read", "channel": channel.id, "ts": ts}, [person])


def react(workspace: Workspace, channel: Channel, ts: str, person: str, name: str, *, add: bool) -> bool:
    """Add or take away a reaction; False when that was the case already."""
    message = channel.messages[ts]
    reactions: list[Json] = [dict(each) for each in message.get("reactions", ())]
    one = next((each for each in reactions if each["name"] == name), None)
    present = one is not None and person in one["users"]
    if present == add:
        return False
    if one is None:
        one = {"name": name, "users": [], "count": 0}
        reactions.append(one)
    one["users"] = [*one["users"], person] if add else [each for each in one["users"] if each != person]
    one["count"] = len(one["users"])
    message["reactions"] = [each for each in reactions if each["count"]]
    _keep(workspace, channel, message)
    event = {"type": "reaction", "channel": channel.id, "ts": ts, "name": name, "user": person, "added": add}
    workspace.stream.publish(event | {"reactions": message["reactions"]}, channel.members)
    return True


def shown(workspace: Workspace, channel: Channel, message: Json) -> Json:
    """Return the message as the page and the terminal get it: with its channel, its author and its metadata."""
    person = workspace.people.get(message.get("user", ""))
    whole = message | {"channel": channel.id, "author": person.brief() if person else {}}
    if "files" in whole:
        whole["files"] = [located(file, workspace.url) for file in whole["files"]]
    return whole


def _keep(workspace: Workspace, channel: Channel, message: Json) -> None:
    workspace.remember("message", channel=channel.id, message=message)


def _is_reply(message: Json, root: str) -> bool:
    return bool(message.get("thread_ts") == root and message["ts"] != root)


def _count_reply(workspace: Workspace, channel: Channel, root: Json, reply: Json) -> None:
    replies = [each for each in channel.messages.values() if _is_reply(each, root["ts"])]
    _set_replies(workspace, channel, root, replies or [reply])


def _set_replies(workspace: Workspace, channel: Channel, root: Json, replies: list[Json]) -> None:
    people = list(dict.fromkeys(each.get("user", "") for each in replies))
    counts: Json = {"thread_ts": root["ts"] if replies else None, "reply_count": len(replies) or None}
    counts |= {"reply_users": people or None, "reply_users_count": len(people) or None}
    edit(workspace, channel, root["ts"], **counts, latest_reply=replies[-1]["ts"] if replies else None)
