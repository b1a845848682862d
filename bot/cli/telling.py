"""What the terminal prints of a message: its words, its log lines, its tables, and what can be said next."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.cli.terminal import harmless, out

Names = Mapping[str, str]
"""User id -> name."""

_DATE = re.compile(r"<!date\^(\d{1,11})\^[^<>]*>")
_MENTION = re.compile(r"<@(\w+)>")
_LINK = re.compile(r"<(https?://[^<>|]+)(?:\|([^<>]+))?>")
_BOLD = re.compile(r"(?<![\w*`])\*([^\s*`](?:[^*`\n]*[^\s*`])?)\*(?![\w*`])")
_FENCE = "```"


def tell(message: Mapping[str, Any], names: Names | None = None) -> None:
    """Print what a message says, line by line, its log lines and tables set in, and what its buttons would say."""
    blocks = message.get("blocks", ())
    sections = [block["text"]["text"] for block in blocks if block["type"] == "section" and "text" in block]
    for section in sections or [message["text"]]:
        for line in _lines(section, names or {}):
            out.print(line, markup=False)
    for block in blocks:
        if block["type"] == "table":
            _print_table(block)
    for label, text in _offers(blocks):
        shown = f'say "{text}"'
        out.print(f"  {shown}" if label == text else f"  {label}: {shown}", markup=False)


def plain(text: str, names: Names | None = None) -> str:
    """Undo Slack's markup, write moments by this machine's clock, and show no more than text."""
    known = names or {}
    text = _DATE.sub(lambda found: _here(found[1]), text)
    text = _MENTION.sub(lambda found: f"@{known.get(found[1], found[1])}", text)
    text = _LINK.sub(lambda found: f"{found[2]} ({found[1]})" if found[2] else found[1], text)
    return harmless(_unescaped(_BOLD.sub(r"\1", text)))


def _lines(section: str, names: Names) -> Iterator[str]:
    """Give the lines of a section; those of a log as they stand, set in and without the fence around them."""
    quoted = False
    for line in section.split("\n"):
        if line == _FENCE:
            quoted = not quoted
        elif quoted:
            yield f"  {harmless(_unescaped(line))}"
        else:
            yield plain(line, names)


def _print_table(block: Mapping[str, Any]) -> None:
    rows = [[harmless(_cell(cell)) for cell in row] for row in block["rows"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print(f"  {line.rstrip()}", markup=False)


def _cell(cell: Mapping[str, Any]) -> str:
    if cell["type"] == "raw_text":
        return _unescaped(cell["text"])
    parts = [part for section in cell["elements"] for part in section["elements"]]
    return "".join(_here(part["timestamp"]) if part["type"] == "date" else part["text"] for part in parts)


def _offers(blocks: Any) -> Iterator[tuple[str, str]]:
    """Give label and text of each button: a click on it is as if somebody had said that."""
    for element in (element for block in blocks if block["type"] == "actions" for element in block["elements"]):
        if element["type"] == "button" and element.get("value"):
            yield harmless(element["text"]["text"]), harmless(element["value"])


def _here(seconds: str | int) -> str:
    return f"{datetime.fromtimestamp(int(seconds)).astimezone():%Y-%m-%d %H:%M}"


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
