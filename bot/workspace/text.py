"""What a person types becomes what Slack sends: escaped text with mentions, and the same as rich_text blocks."""

import re
from typing import TYPE_CHECKING

from bot.workspace.wire import Json, fresh

if TYPE_CHECKING:
    from bot.workspace.state import Workspace

_PIECES = re.compile(
    r"```\n?(?P<block>.*?)\n?```"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?P<link>https?://[^\s<>|]+)"
    r"|(?<![\w@])@(?P<person>[\w.-]*\w)"
    r"|(?<![\w#])#(?P<channel>[\w-]*\w)",
    re.DOTALL,
)


def escape(text: str) -> str:
    """Escape the three characters that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed(workspace: "Workspace", raw: str) -> tuple[str, list[Json]]:
    """Return the escaped text of `raw` and its rich_text block. `@handle` and `#channel` become mentions."""
    text: list[str] = []
    outer: list[Json] = []
    inner: list[Json] = []
    position = 0
    for match in _PIECES.finditer(raw):
        _plain(raw[position : match.start()], text, inner)
        position = match.end()
        if (block := match.group("block")) is not None:
            text.append(f"```{escape(block)}```")
            _close(inner, outer)
            outer.append({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": block}]})
            continue
        written, element = _piece(workspace, match)
        text.append(written)
        inner.append(element)
    _plain(raw[position:], text, inner)
    _close(inner, outer)
    return "".join(text), [{"type": "rich_text", "block_id": fresh("", 5), "elements": outer}]


def command_text(workspace: "Workspace", raw: str) -> str:
    """Return the text of a slash command as Slack sends it when names are to be escaped: ids with their names."""

    def name(match: re.Match[str]) -> str:
        if handle := match.group("person"):
            person = workspace.find_person(handle)
            return f"<@{person.id}|{person.handle}>" if person else match.group()
        if name := match.group("channel"):
            channel = workspace.find_channel(name)
            return f"<#{channel.id}|{channel.name}>" if channel else match.group()
        return match.group()

    return _PIECES.sub(name, escape(raw))


def _plain(piece: str, text: list[str], inner: list[Json]) -> None:
    if piece:
        text.append(escape(piece))
        inner.append({"type": "text", "text": piece})


def _close(inner: list[Json], outer: list[Json]) -> None:
    if inner:
        outer.append({"type": "rich_text_section", "elements": list(inner)})
        inner.clear()


def _piece(workspace: "Workspace", match: re.Match[str]) -> tuple[str, Json]:
    whole = match.group()
    if code := match.group("code"):
        return f"`{escape(code)}`", {"type": "text", "text": code, "style": {"code": True}}
    if link := match.group("link"):
        return f"<{escape(link)}>", {"type": "link", "url": link}
    if (handle := match.group("person")) and (person := workspace.find_person(handle)):
        return f"<@{person.id}>", {"type": "user", "user_id": person.id}
    if (name := match.group("channel")) and (channel := workspace.find_channel(name)):
        return f"<#{channel.id}|{channel.name}>", {"type": "channel", "channel_id": channel.id}
    return escape(whole), {"type": "text", "text": whole}
