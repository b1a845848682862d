"""What one person sees of the workspace: the answers of the act API, also for the page in the same process."""

from bot.workspace.channels import Channel
from bot.workspace.messages import shown
from bot.workspace.people import ESTIVA
from bot.workspace.state import Workspace
from bot.workspace.wire import APP, BOT, TEAM, Json


def state(workspace: Workspace, person_id: str) -> Json:
    """Return all that the page needs to start for one person, except messages."""
    mine = [channel for channel in workspace.channels.values() if person_id in channel.members]
    return {
        "ok": True,
        "event_id": workspace.stream.last,
        "started": workspace.started,
        "team": {"id": TEAM, "name": "Estiva", "domain": "estiva-local"},
        "me": workspace.people[person_id].brief(),
        "people": [person.brief() for person in workspace.people.values()],
        "bot": bot(workspace),
        "channels": [summary(channel, person_id) for channel in mine],
        **commands(workspace),
        "views": workspace.stack(person_id),
        "home": workspace.homes.get(person_id),
    }


def bot(workspace: Workspace) -> Json:
    """Return who the bot is and whether it is connected."""
    return {
        "user_id": ESTIVA.id,
        "bot_id": BOT,
        "app_id": APP,
        "name": ESTIVA.name,
        "mode": workspace.mode,
        "connected": workspace.connections > 0,
        "connections": workspace.connections,
    }


def commands(workspace: Workspace) -> Json:
    """Return the app's slash commands and shortcuts."""
    return {
        "commands": [command.brief() for command in workspace.manifest.commands],
        "shortcuts": [shortcut.brief() for shortcut in workspace.manifest.shortcuts],
    }


def summary(channel: Channel, person_id: str) -> Json:
    """Return a channel with what `person_id` has not read yet."""
    last_read = channel.reads.get(person_id, "0")
    unread = [each for each in channel.messages.values() if each["ts"] > last_read and each.get("user") != person_id]
    top = [each for each in unread if _is_top(each)]
    direct = channel.kind == "im"
    mentions = [each for each in unread if direct or _mentions(each, person_id)]
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "topic": channel.topic,
        "members": channel.members,
        "unread": len(top),
        "mentions": len(mentions),
        "last_read": last_read,
        "latest": max(channel.messages, default="0"),
    }


def messages(
    workspace: Workspace,
    person_id: str,
    channel: str,
    thread: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Json:
    """Return the last `limit` messages (before ts `before`) that the person sees, oldest first."""
    place = workspace.channels[channel]
    everything = [*place.messages.values(), *place.ephemerals.get(person_id, {}).values()]
    wanted = [each for each in everything if _belongs(each, thread) and (not before or each["ts"] < before)]
    wanted.sort(key=lambda each: str(each["ts"]))
    return {
        "ok": True,
        "channel": channel,
        "messages": [shown(workspace, place, each) for each in wanted[-limit:]],
        "has_more": len(wanted) > limit,
    }


def message(workspace: Workspace, person_id: str, channel: str, ts: str) -> Json | None:
    """Return one message that the person sees, ephemerals too."""
    place = workspace.channels[channel]
    found = place.messages.get(ts) or place.ephemerals.get(person_id, {}).get(ts)
    return shown(workspace, place, found) if found else None


def _mentions(message: Json, person_id: str) -> bool:
    """Tell whether somebody is mentioned, in the text or in a section's; a thread's message counts like any other."""
    sections = [block.get("text", {}).get("text", "") for block in message.get("blocks") or () if "text" in block]
    return any(f"<@{person_id}>" in text for text in (message.get("text", ""), *sections))


def _is_top(message: Json) -> bool:
    return message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"


def _belongs(message: Json, thread: str | None) -> bool:
    if thread is None:
        return _is_top(message)
    return thread in (message["ts"], message.get("thread_ts"))
