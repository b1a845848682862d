"""What people have to see of an outcome, line by line: what a plan would change."""

from collections.abc import Iterator, Sequence

from bot.slack.marks import Mark, Say, escape_within, joined, marked
from commands.texts import several

_MOST, _TOGETHER = 40, 12
"""Lines that are shown in all; in one paragraph, which holds 3000 characters."""
_WIDTH = 200


def listed(lines: Sequence[str], say: Say, title: str = "") -> Iterator[Mark]:
    """Give the lines as paragraphs, the first of them under the title, if there is one."""
    shown = [Mark("• ") + escape_within(line, _WIDTH) for line in lines[:_MOST]]
    extra = len(lines) - _MOST
    if extra > 0:
        shown.append(marked(say, several("and {count} more", "and {count} more"), count=extra))
    for at in range(0, len(shown), _TOGETHER):
        heading = [escape_within(title, 100)] if title and at == 0 else []
        yield joined([*heading, *(Mark(line) for line in shown[at : at + _TOGETHER])])
