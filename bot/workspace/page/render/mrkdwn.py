"""Slack's own markup: `*bold*`, `_italic_`, `~strike~`, code, fences, quotes, `<links|like this>`, mentions, dates.

Text arrives with `&`, `<` and `>` escaped by its sender, so it is unescaped once here and escaped again when written.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup

from bot.workspace.page.render.dates import date
from bot.workspace.page.render.emoji import emoji
from bot.workspace.page.render.html import join, lines, link, tag
from bot.workspace.page.render.names import Names

FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|:(?P<emoji>[a-z0-9_+\-]{1,64}(?:::skin-tone-\d)?):"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
STYLES = {"bold": "strong", "italic": "em", "strike": "s"}
ADDRESS = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)'\"\]]")
DEEPEST = 6


def mrkdwn(text: str, names: Names) -> Markup:
    """A whole text: fences and quotes as blocks, the rest inline."""
    parts: list[Markup] = []
    for position, piece in enumerate(FENCE.split(text)):
        if position % 2:
            parts.append(tag("pre", tag("code", unescape(piece))))
        elif piece.strip("\n"):
            parts.extend(_paragraphs(piece.strip("\n") if position else piece.rstrip("\n"), names))
    return join(parts)


def inline(text: str, names: Names, depth: int = 0) -> Markup:
    """One run of text without fences or quotes."""
    return join(_pieces(text, names, depth))


def unescape(text: str) -> str:
    """What the sender meant before it escaped the three letters Slack asks to escape."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _paragraphs(text: str, names: Names) -> Iterator[Markup]:
    body: list[str] = []
    quote: list[str] = []
    written = text.split("\n")
    for number, line in enumerate(written):
        rest = _after_mark(line, ">>>")
        if rest is not None:
            yield from _flush(body, quote, names)
            yield tag("blockquote", _inline_lines([rest, *written[number + 1 :]], names))
            return
        quoted = _after_mark(line, ">")
        if quoted is None and quote:
            yield from _flush(body, quote, names)
            body, quote = [], []
        if quoted is not None and body:
            yield from _flush(body, quote, names)
            body, quote = [], []
        (body if quoted is None else quote).append(line if quoted is None else quoted)
    yield from _flush(body, quote, names)


def _flush(body: list[str], quote: list[str], names: Names) -> Iterator[Markup]:
    if body:
        yield tag("span", _inline_lines(body, names), class_="run")
    if quote:
        yield tag("blockquote", _inline_lines(quote, names))


def _inline_lines(written: list[str], names: Names) -> Markup:
    return join((inline(line, names) for line in written), Markup("<br>"))


def _after_mark(line: str, mark: str) -> str | None:
    for spelling in (mark, mark.replace(">", "&gt;")):
        if line.startswith(spelling):
            return line[len(spelling) :].removeprefix(" ")
    return None


def _pieces(text: str, names: Names, depth: int) -> Iterator[Markup]:
    position = 0
    for found in INLINE.finditer(text):
        yield from _plain(text[position : found.start()])
        yield _drawn(found, names, depth)
        position = found.end()
    yield from _plain(text[position:])


def _plain(text: str) -> Iterator[Markup]:
    position = 0
    for found in ADDRESS.finditer(text):
        yield lines(unescape(text[position : found.start()]))
        yield link(unescape(found[0]), unescape(found[0]))
        position = found.end()
    yield lines(unescape(text[position:]))


def _drawn(found: re.Match[str], names: Names, depth: int) -> Markup:
    kind = found.lastgroup or ""
    inside = found[kind]
    if kind == "code":
        return tag("code", unescape(inside))
    if kind == "angle":
        return _angle(inside, names)
    if kind == "emoji":
        return emoji(inside)
    return tag(STYLES[kind], inline(inside, names, depth + 1) if depth < DEEPEST else unescape(inside))


def _angle(inside: str, names: Names) -> Markup:
    target, _, label = inside.partition("|")
    label = unescape(label)
    match target[0]:
        case "@":
            return names.user(target[1:], label.removeprefix("@"))
        case "#":
            return names.channel(target[1:], label.removeprefix("#"))
        case "!":
            return _special(target[1:], label, names)
    return link(unescape(target), label or unescape(target))


def _special(target: str, label: str, names: Names) -> Markup:
    word, *rest = target.split("^")
    if word == "date" and len(rest) >= 2:  # noqa: PLR2004 - <!date^seconds^pattern^link|fallback>
        return date(rest[0], rest[1], label or target, rest[2] if len(rest) > 2 else None)  # noqa: PLR2004
    if word == "subteam" and rest:
        return names.group(rest[0], label)
    return tag("span", f"@{label.removeprefix('@') or word}", class_="mention")
