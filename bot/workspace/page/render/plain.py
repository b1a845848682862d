"""Plain text objects: line breaks and emoji names, nothing else."""

import re

from markupsafe import Markup

from bot.workspace.page.render.emoji import GLYPHS, emoji
from bot.workspace.page.render.html import Child, join, lines

NAMED = re.compile(r":([a-z0-9_+\-]{1,64}):")


def plain(value: object) -> Markup:
    """A `plain_text` object or a bare string."""
    written = words(value)
    if isinstance(value, dict) and value.get("emoji") is False:
        return lines(written)
    parts: list[Child] = []
    position = 0
    for found in NAMED.finditer(written):
        parts += [lines(written[position : found.start()]), emoji(found[1]) if found[1] in GLYPHS else found[0]]
        position = found.end()
    return join([*parts, lines(written[position:])])


def words(value: object) -> str:
    """Only the letters of a text object, for labels and attributes."""
    if isinstance(value, dict):
        return str(value.get("text", ""))
    return "" if value is None else str(value)
