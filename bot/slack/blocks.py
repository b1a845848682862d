"""Block Kit, as much of it as Estiva speaks, each block within Slack's limits whatever goes in."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bot.slack.marks import BY_THE_CLOCK, ELLIPSIS, Mark, Say, clean, cut, cut_mark
from commands.times import written
from storage.model.moment import pieces
from storage.model.reply import Style

Block = dict[str, Any]

MESSAGE = 12_000
"""Characters per message; Slack refuses somewhere near 13,200, though each block be within its limits."""
_UNSEEN = frozenset({"type", "action_id", "block_id", "task_id", "status", "style"})
_TORN = re.compile(r"<(t(:\d{0,11})?)?…$")
"""A moment that was cut in two."""
_CODE = re.compile(r"`([^`]+)`")
VALUE = 2000
_CHOICE = 150
"""Characters of what a choice stands for."""
_SECTION = 3000
_TASKS = 50
_ROWS, _COLUMNS, _CELLS = 99, 20, 9000


def section(text: Mark) -> Block:
    """Make a paragraph of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut_mark(text, _SECTION) or " "}}


def context(*texts: Mark) -> Block:
    """Make a line of small print, of up to 10 parts."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut_mark(t, 2000) or " "} for t in texts[:10]]}


def header(text: str) -> Block:
    """Make a heading of plain text."""
    return {"type": "header", "text": plain(text, 150)}


def plain(text: str, limit: int) -> Block:
    """Make a text object in which nothing is markup."""
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def confirm(title: str, question: Mark | str, yes: str, no: str) -> Block:
    """Make a dialog that asks before a click counts. It guards against slips, not against people.

    Both answers say what they do. Its look is that of the button that asks it.
    """
    text = {"type": "mrkdwn", "text": cut_mark(question, 300)} if isinstance(question, Mark) else plain(question, 300)
    return {"title": plain(title, 100), "text": text, "confirm": plain(yes, 30), "deny": plain(no, 30)}


def button(label: str, action: str, value: str, *, style: Style = Style.PLAIN, asks: Block | None = None) -> Block:
    """Make a button. `action` is its id within the message; `value` the text that a click asks, if it asks any."""
    made: Block = {"type": "button", "text": plain(label, 75), "action_id": f"estiva:{action}"[:255]}
    if value:
        made["value"] = value
    if style is not Style.PLAIN:
        made["style"] = style.value
    if asks:
        made["confirm"] = {**asks, "style": style.value} if style is Style.DANGER else asks
    return made


def leading(label: str, action: str, address: str) -> Block:
    """Make a button that opens an address and asks nothing."""
    return {**button(label, action, ""), "url": address}


def menu(action: str, choices: Iterable[tuple[str, str]]) -> list[Block]:
    """Make a menu behind three dots, of up to five labels and what each of them asks; nothing when there are none.

    What is too long to be carried along has no place in it.
    """
    options = [{"text": plain(label, 75), "value": value} for label, value in choices if len(value) <= _CHOICE]
    return [{"type": "overflow", "action_id": f"estiva:{action}"[:255], "options": options[:5]}] if options else []


def actions(buttons: Sequence[Block]) -> list[Block]:
    """Make a row of buttons and menus, or nothing when there are none. A value that is too long has no button."""
    fitting = [b for b in buttons if len(b.get("value", "")) <= VALUE][:25]
    return [{"type": "actions", "elements": fitting}] if fitting else []


def rich(text: str, *, limit: int = 300) -> Block:
    """Make a one-paragraph rich text, in which only pairs of back-ticks are markup."""
    parts = _CODE.split(cut(text, limit) or " ")
    elements = [_words(part) | ({"style": {"code": True}} if nth % 2 else {}) for nth, part in enumerate(parts) if part]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def task(name: str, title: str, status: str, *, details: str = "", output: str = "") -> Block:
    """Make one task of a plan; `status` is pending, in_progress, complete or error."""
    made: Block = {"type": "task_card", "task_id": cut(name, 200), "title": cut(title, 150) or " ", "status": status}
    if details:
        made["details"] = rich(details)
    if output:
        made["output"] = rich(output)
    return made


def plan(title: str, tasks: Sequence[Block]) -> Block:
    """Make a plan of up to 50 tasks."""
    return {"type": "plan", "title": cut(title, 150) or " ", "tasks": list(tasks[:_TASKS])}


def table(header_row: Sequence[str], rows: Iterable[Sequence[str]], say: Say, room: int = _CELLS) -> tuple[Block, int]:
    """Make a table of as many rows as fit, and say how many do not. Moments are shown by the reader's clock."""
    every = [list(header_row), *(list(row) for row in rows)]
    width = max(1, min(_COLUMNS, max(len(row) for row in every)))
    kept: list[list[Block]] = []
    for row in every[: _ROWS + 1]:
        texts = [cut(text, 300) or "-" for text in (*row, *[""] * width)[:width]]
        room -= sum(len(text) for text in texts)
        if room < 0:
            break
        kept.append([_cell(text, say) for text in texts])
    return {"type": "table", "rows": kept}, len(every) - len(kept)


def _cell(text: str, say: Say) -> Block:
    parts = [*pieces(_TORN.sub(ELLIPSIS, text))]
    if all(isinstance(part, str) for part in parts):
        return {"type": "raw_text", "text": "".join(map(str, parts))}
    elements = [_words(part) if isinstance(part, str) else _date(part, say) for part in parts]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _words(text: str) -> Block:
    return {"type": "text", "text": text}


def _date(at: datetime, say: Say) -> Block:
    return {"type": "date", "timestamp": int(at.timestamp()), "format": BY_THE_CLOCK, "fallback": written(say, at)}


def cell_text(cell: Block) -> str:
    """Read a cell of a table as words."""
    if cell["type"] == "raw_text":
        return str(cell["text"])
    parts = [part for section_ in cell["elements"] for part in section_["elements"]]
    return "".join(str(part.get("text", part.get("fallback", ""))) for part in parts)


def size(drawn: object) -> int:
    """Count the characters that a message shows."""
    if isinstance(drawn, str):
        return len(drawn)
    if isinstance(drawn, dict):
        return sum(size(value) for name, value in drawn.items() if name not in _UNSEEN)
    return sum(size(part) for part in drawn) if isinstance(drawn, list) else 0


def first_fitting(*candidates: list[Block]) -> list[Block]:
    """Choose the richest rendering that one message can hold; the last is taken as far as it goes."""
    for blocks in candidates:
        if size(blocks) <= MESSAGE and len(blocks) <= 50:  # noqa: PLR2004 - Slack's limit, once
            return blocks
    kept = candidates[-1][:50]
    while len(kept) > 1 and size(kept) > MESSAGE:
        kept = kept[:-1]
    return kept


def notice(text: Mark) -> str:
    """Make the text that notifications and screen readers give."""
    return cut_mark(Mark(" ".join(clean(text).split())), 2900) or " "
