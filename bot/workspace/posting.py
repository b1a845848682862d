"""What the app wants to say, checked against Slack's rules, becomes a message."""

import json
from typing import Any

from bot.workspace import events, messages
from bot.workspace.blocks.surfaces import completed, demand_message
from bot.workspace.channels import Channel
from bot.workspace.limits import PER_CHANNEL, SPECIAL
from bot.workspace.platform import Destination, Platform
from bot.workspace.wire import Json, SlackError

_LONGEST = 40_000
_MOST_ATTACHMENTS = 100


def parsed(value: Any, error: str) -> Any:
    """Return a structure that came as itself or as JSON text; SlackError(error) when it is neither."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except json.JSONDecodeError as fault:
        raise SlackError(error) from fault


def content(arguments: Json) -> Json:
    """Return text, blocks, attachments and metadata as they will be stored; None where the app said nothing."""
    text = arguments.get("text")
    if text is not None and not isinstance(text, str):
        text = str(text)
    blocks = _blocks(arguments.get("blocks"))
    attachments = _attachments(arguments.get("attachments"))
    return {
        "text": None if text is None else text[:_LONGEST],
        "blocks": blocks,
        "attachments": attachments,
        "metadata": _metadata(arguments.get("metadata")),
    }


def demand_something(parts: Json) -> None:
    """Raise `no_text` for a message that says nothing."""
    if not (parts["text"] or parts["blocks"] or parts["attachments"]):
        raise SlackError("no_text")


def post(platform: Platform, channel: Channel, message: Json) -> Json:
    """Post a bot's message and send the events that follow from it."""
    stored = messages.post(platform.workspace, channel, message)
    events.said(platform, channel, stored)
    return stored


def edit(platform: Platform, channel: Channel, ts: str, **changes: object) -> Json:
    """Edit a message and send the event that follows from it."""
    before = dict(channel.messages[ts])
    after = messages.edit(platform.workspace, channel, ts, **changes)
    events.changed(platform, channel, before, after)
    return after


def remove(platform: Platform, channel: Channel, ts: str) -> None:
    """Delete a message and send the event that follows from it."""
    message = channel.messages[ts]
    messages.remove(platform.workspace, channel, ts)
    events.deleted(platform, channel, message)


def spend(platform: Platform, channel: Channel) -> int | None:
    """Count one message against the channel's and the workspace's rate; return the seconds to wait, if any."""
    wait = platform.limits.take(f"messages:{channel.id}", PER_CHANNEL)
    return wait if wait is not None else platform.limits.take("messages", SPECIAL)


def answer(platform: Platform, destination: Destination, body: Json) -> None:
    """Do what a response_url body (or the payload of a command's ack) asks. SlackError: what is wrong with it."""
    workspace, channel = platform.workspace, destination.channel
    if body.get("delete_original"):
        _delete_original(platform, destination)
        return
    parts = content(body)
    demand_something(parts)
    message = messages.bot_message(**{**parts, "text": parts["text"] or ""})
    thread = body.get("thread_ts") or destination.thread_ts
    if thread:
        message["thread_ts"] = thread
    replace = bool(body.get("replace_original")) and destination.ts is not None
    if replace and destination.ts and not destination.ephemeral and destination.ts in channel.messages:
        changes = {**parts, "text": parts["text"] or ""}
        edit(platform, channel, destination.ts, **_said_only(changes))
    elif replace and destination.ephemeral:
        messages.ephemeral(workspace, channel, destination.person, message, destination.ts)
    elif body.get("response_type") == "in_channel":
        post(platform, channel, message)
    else:
        messages.ephemeral(workspace, channel, destination.person, message)


def _said_only(parts: Json) -> Json:
    return {name: value for name, value in parts.items() if value is not None}


def _delete_original(platform: Platform, destination: Destination) -> None:
    if destination.ts is None:
        return
    if destination.ephemeral:
        messages.remove_ephemeral(platform.workspace, destination.channel, destination.person, destination.ts)
    elif destination.ts in destination.channel.messages:
        remove(platform, destination.channel, destination.ts)


def _blocks(value: Any) -> list[Json] | None:
    blocks = parsed(value, "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    demand_message(blocks)
    return completed(blocks)


def _attachments(value: Any) -> list[Json] | None:
    attachments = parsed(value, "invalid_attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > _MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    return [_attachment(index, each) for index, each in enumerate(attachments)]


def _attachment(index: int, attachment: Json) -> Json:
    numbered = {**attachment, "id": index + 1}
    if blocks := attachment.get("blocks"):
        demand_message(blocks, f"/attachments/{index}/blocks")
        numbered["blocks"] = completed(blocks)
    return numbered


def _metadata(value: Any) -> Json | None:
    metadata = parsed(value, "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload", {}), dict):
        raise SlackError("invalid_metadata_schema")
    return metadata
