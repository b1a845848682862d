"""The `table` block: the first row names the columns; wide tables scroll inside their box."""

from collections.abc import Sequence
from itertools import zip_longest

from markupsafe import Markup

from bot.workspace.page.render.html import Json, join, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain
from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.unknown import unknown

ALIGNS = frozenset({"left", "center", "right"})
Settings = Sequence[Json | None]


def table(block: Json, names: Names) -> Markup:
    """Rows of cells; a cell is raw text, a number or rich text."""
    settings: Settings = block.get("column_settings") or []
    head, *rows = block["rows"]
    return tag(
        "div",
        tag(
            "table",
            tag("thead", _row(head, settings, names, "th")),
            tag("tbody", join(_row(row, settings, names, "td") for row in rows)),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label="Table",
    )


def _row(cells: Sequence[Json], settings: Settings, names: Names, kind: str) -> Markup:
    pairs = list(zip_longest(cells, settings[: len(cells)]))
    return tag("tr", join(_cell(cell, setting or {}, names, kind) for cell, setting in pairs))


def _cell(cell: Json, setting: Json, names: Names, kind: str) -> Markup:
    align = setting.get("align")
    classes = [f"to-{align}"] if align in ALIGNS else []
    classes += ["wrapped"] if setting.get("is_wrapped") else []
    drawn = _inside(cell, names)
    return tag(kind, drawn, class_=" ".join(classes) or None, scope="col" if kind == "th" else None)


def _inside(cell: Json, names: Names) -> Markup:
    match cell.get("type"):
        case "rich_text":
            return rich_text(cell, names)
        case "raw_text":
            return plain({"text": cell.get("text", ""), "emoji": False})
        case "raw_number":
            return plain({"text": str(cell.get("text") or cell.get("value")), "emoji": False})
    return unknown(cell)
