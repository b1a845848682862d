"""One message as the template shows it: who, when, the drawn body, and what hangs below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from bot.workspace.page.render.attachment import attachment
from bot.workspace.page.render.blocks import MISSHAPEN, blocks
from bot.workspace.page.render.dates import moment_of
from bot.workspace.page.render.emoji import emoji
from bot.workspace.page.render.html import join
from bot.workspace.page.render.media import files
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.unknown import unknown

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One chip under a message."""

    name: str
    glyph: Markup
    count: int
    mine: bool
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the template `message.html` needs; `at` is UTC."""

    ts: str
    channel: str
    thread: str
    author: Json
    at: datetime
    body: Markup
    files: Markup
    reactions: Sequence[Reaction]
    replies: int
    repliers: Sequence[str]
    last_reply: datetime | None
    edited: bool
    ephemeral: bool
    is_root: bool


def shown(message: Json, names: Names) -> Shown:
    """A message of `reading.messages` ready for the template."""
    ts, thread = str(message["ts"]), str(message.get("thread_ts") or "")
    latest = message.get("latest_reply")
    return Shown(
        ts=ts,
        channel=str(message.get("channel", "")),
        thread=thread,
        author=message.get("author") or {"id": "", "name": str(message.get("username") or "unknown"), "is_bot": False},
        at=moment_of(ts) or datetime.fromtimestamp(0, UTC),
        body=body(message, names),
        files=files(message.get("files") or (), names),
        reactions=[reaction(each, names) for each in message.get("reactions") or ()],
        replies=int(message.get("reply_count") or 0),
        repliers=list(message.get("reply_users") or ())[:3],
        last_reply=moment_of(latest) if latest else None,
        edited=bool(message.get("edited")),
        ephemeral=bool(message.get("is_ephemeral")),
        is_root=thread in ("", ts),
    )


def body(message: Json, names: Names) -> Markup:
    """Blocks when there are any, else the text; then attachments."""
    given = message.get("blocks")
    main = blocks(given, names) if given else mrkdwn(str(message.get("text") or ""), names)
    return join([main, *(_attached(each, names) for each in message.get("attachments") or ())])


def reaction(given: Json, names: Names) -> Reaction:
    """A reaction with the names of those who gave it."""
    users = [str(user) for user in given.get("users") or ()]
    name = str(given.get("name", ""))
    return Reaction(
        name=name,
        glyph=emoji(name),
        count=int(given.get("count") or len(users)),
        mine=names.viewer in users,
        who=", ".join(names.users.get(user, user) for user in users),
    )


def _attached(given: object, names: Names) -> Markup:
    if not isinstance(given, dict):
        return unknown(given)
    try:
        return attachment(given, names, blocks)
    except MISSHAPEN as problem:
        return unknown(given, f"Not the expected shape: {type(problem).__name__}")
