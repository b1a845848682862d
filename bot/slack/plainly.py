"""The second renderer: the same message without the newer blocks, for clients that refuse them."""

from collections.abc import Iterable
from typing import Any

from bot.slack.blocks import Block, cell_text, section
from bot.slack.marks import Mark, Say, code_block, cut_mark, escape, escape_within
from commands.texts import later

_DRAWN = {
    "pending": ("○", later("not started")),
    "in_progress": ("◐", later("running")),
    "complete": ("●", later("done")),
    "error": ("✕", later("failed")),
}


def plainly(blocks: Iterable[Block], say: Say) -> list[Block]:
    """Redraw plans and tables as sections; leave everything else as it is."""
    return [redrawn for block in blocks for redrawn in _redraw(block, say)][:50]


def barely(text: str) -> list[Block]:
    """Draw only the notification's text: the last resort, which Slack cannot refuse."""
    return [section(cut_mark(Mark(text), 2900))]


def _redraw(block: Block, say: Say) -> list[Block]:
    match block.get("type"):
        case "plan":
            lines = [Mark(f"*{escape_within(block['title'], 150)}*"), *(_task(task, say) for task in block["tasks"])]
            return [section(Mark("\n".join(lines)))]
        case "table":
            rows = [" | ".join(map(cell_text, row)) for row in block["rows"]]
            return [section(code_block(rows[:1] + rows[1:][-40:]))]
        case _:
            return [block]


def _task(task: dict[str, Any], say: Say) -> Mark:
    icon, word = _DRAWN[task["status"]]
    return Mark(f"{icon} {escape(say(word))}: {escape_within(task['title'], 150)}")
