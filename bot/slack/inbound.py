"""What Slack delivers, read as requests. Pure: payloads in, `Request`s out; ids are the same for every redelivery."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from commands.tokens import typed
from storage.model.request import Request, Via

Payload = Mapping[str, Any]

_RUN = re.compile(r"^\W*(?:<@\w+>\s*)?\W*([a-z0-9][\w.-]*-\d+)\b")
_START = 200
"""Characters of a message in which it may name its run; it may be anybody's, and 40,000 long."""
_KEPT_SUBTYPES = (None, "file_share", "thread_broadcast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the bot is, as Slack said at the start."""

    team: str
    user: str
    bot: str
    workspace: str = ""
    """Address of the workspace: `https://example.slack.com/`."""


def now() -> datetime:
    """Give the time of what carries none of its own."""
    return datetime.now(UTC)


def at(ts: str) -> datetime:
    """Read Slack's time. Raises `ValueError` for what is none."""
    return datetime.fromtimestamp(float(ts), UTC)


def said(text: str, bot: str) -> str:
    """Give what a person typed: without the bot's mention, without Slack's markup and entities."""
    return typed(re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", " ", text)).strip()


def is_foreign(body: Payload, identity: Identity) -> bool:
    """Tell whether somebody of another workspace is behind this (Slack Connect, or another installation)."""
    event, user, team = body.get("event") or {}, body.get("user") or {}, body.get("team") or {}
    named = [body.get("team_id"), team.get("id") if isinstance(team, Mapping) else None]
    named += [user.get("team_id")] if isinstance(user, Mapping) else []
    named += [event.get(key) for key in ("team", "user_team", "source_team")]
    return any(name is not None and name != identity.team for name in named)


def is_for_us(event: Payload, identity: Identity) -> bool:
    """Tell whether a message is a person's own, new one: no bot's, no edit, no service message."""
    return bool(
        event.get("user") not in (None, "USLACKBOT", identity.user)
        and not event.get("bot_id")
        and not event.get("edited")
        and event.get("subtype") in _KEPT_SUBTYPES
    )


def from_message(body: Payload, identity: Identity) -> Request:
    """Read a mention or a direct message. A mention in a direct message is one request, whichever event comes first."""
    event = body["event"]
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    return Request(
        id=f"msg/{identity.team}/{event['channel']}/{event['ts']}",
        via=Via.DIRECT if direct else Via.MENTION,
        team=identity.team,
        channel=event["channel"],
        user=event["user"],
        text=said(event.get("text") or "", identity.user),
        at=at(event["ts"]),
        thread=event.get("thread_ts"),
        message=event["ts"],
    )


def from_command(body: Payload, identity: Identity) -> Request:
    """Read a slash command."""
    return Request(
        id=f"cmd/{identity.team}/{body['trigger_id']}",
        via=Via.SLASH,
        team=identity.team,
        channel=body["channel_id"],
        user=body["user_id"],
        text=said(body.get("text") or "", identity.user),
        at=now(),
    )


def from_click(body: Payload, identity: Identity) -> Request:
    """Read a click on a button, or a choice in a menu, whose value is the command that it offered."""
    action, container = body["actions"][0], body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id") or ""
    message = container.get("message_ts") or container.get("view_id") or ""
    parts = [identity.team, channel, message, action["action_id"], body["user"]["id"], action.get("action_ts", "")]
    lasting = channel and container.get("type") == "message" and not container.get("is_ephemeral")
    return Request(
        id="act/" + "/".join(parts),
        via=Via.BUTTON,
        team=identity.team,
        channel=channel,
        user=body["user"]["id"],
        text=asked_by(action),
        at=at(action["action_ts"]) if action.get("action_ts") else now(),
        thread=thread_of(body) if lasting else None,
        message=message if lasting else None,
    )


def asked_by(action: Payload) -> str:
    """Give the command that a clicked element offered; empty when it offers none."""
    return str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")


def thread_of(body: Payload) -> str | None:
    """Find the thread that a clicked message stands in."""
    container, message = body.get("container") or {}, body.get("message") or {}
    found = container.get("thread_ts") or message.get("thread_ts")
    return str(found) if found else None


def from_submission(
    body: Payload, identity: Identity, text: str, channel: str, thread: str | None, message: str | None = None
) -> Request:
    """Read a submitted modal; the caller has made the command's text out of its values.

    `message` is the one whose button opened it.
    """
    return Request(
        id=f"view/{identity.team}/{body['view']['id']}/{body['user']['id']}",
        via=Via.MODAL,
        team=identity.team,
        channel=channel,
        user=body["user"]["id"],
        text=text,
        at=now(),
        thread=thread,
        message=message,
    )


def from_shortcut(body: Payload, identity: Identity, verb: str) -> Request | None:
    """Read a message shortcut as a command about the message's run. `None` when the message shows no run."""
    message = body.get("message") or {}
    run = run_of(message)
    if run is None:
        return None
    channel = (body.get("channel") or {}).get("id", "")
    return Request(
        id=f"cut/{identity.team}/{channel}/{message.get('ts', '')}/{body['callback_id']}/{body['trigger_id']}",
        via=Via.SHORTCUT,
        team=identity.team,
        channel=channel,
        user=body["user"]["id"],
        text=f"{verb} {run}",
        at=now(),
        thread=message.get("thread_ts"),
        message=message.get("ts"),
    )


def run_of(message: Payload) -> str | None:
    """Find the run that one of our messages is about: in its metadata, else at the start of its text."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if payload.get("run"):
        return str(payload["run"])
    found = _RUN.match(str(message.get("text") or "")[:_START])
    return found[1] if found else None
