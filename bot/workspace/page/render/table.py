"""The `table` block: the first row names the columns. Where there is little room each row is a list of its cells."""

from collections.abc import Sequence
from itertools import zip_longest

from markupsafe import Markup

from bot.workspace.page.render.html import Json, join, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain
from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.unknown import unknown

_MANY = 4
"""So many columns have no room beside a channel or on a phone."""
ALIGNS = frozenset({"left", "center", "right"})
Settings = Sequence[Json | None]


def table(block: Json, names: Names) -> Markup:
    """Rows of cells; a cell is raw text, a number or rich text."""
    settings: Settings = block.get("column_settings") or []
    head, *rows = block["rows"]
    columns = [_inside(cell, names).striptags() for cell in head]
    drawn = tag(
        "table",
        tag("thead", _row(head, settings, names)),
        tag("tbody", join(_row(row, settings, names, columns) for row in rows)),
        class_="many" if len(columns) >= _MANY else None,
    )
    box = tag("div", drawn, class_="scroll", tabindex=0, role="region", aria_label=names.say("Table"))
    return tag("div", box, class_="table")


def _row(cells: Sequence[Json], settings: Settings, names: Names, columns: Sequence[str] = ()) -> Markup:
    """Draw one row; `columns` are the names of its cells, none for the row that names them."""
    triples = zip_longest(cells, settings[: len(cells)], columns[: len(cells)])
    return tag("tr", join(_cell(cell, setting or {}, names, column) for cell, setting, column in triples))


def _cell(cell: Json, setting: Json, names: Names, column: str | None) -> Markup:
    align = setting.get("align")
    classes = [f"to-{align}"] if align in ALIGNS else []
    classes += ["wrapped"] if setting.get("is_wrapped") else []
    class_, drawn = " ".join(classes) or None, _inside(cell, names)
    return (
        tag("th", drawn, class_=class_, scope="col")
        if column is None
        else tag("td", drawn, class_=class_, data_of=column)
    )


def _inside(cell: Json, names: Names) -> Markup:
    match cell.get("type"):
        case "rich_text":
            return rich_text(cell, names)
        case "raw_text":
            return plain({"text": cell.get("text", ""), "emoji": False})
        case "raw_number":
            return plain({"text": str(cell.get("text") or cell.get("value")), "emoji": False})
    return unknown(cell)
