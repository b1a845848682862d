"""The graph in a terminal: from top to bottom, so that it fits however narrow the window is.

✓ build   homolog · 40 s
┌ ✓ 09:31:02  image   Built image  38 s
└ ◐ 09:31:02  unit    Testing unit  12 s
      attempt 2 of 3
  ↓
─ ○           report  Run report
│
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from rich.text import Text

from bot.runs.clocks import clock
from bot.runs.graph import Column
from bot.runs.signs import sign
from bot.runs.waits import Node
from storage.model.run import Status

_COLOURS = {
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.BROKEN: "red",
    Status.RUNNING: "cyan",
    Status.WAITING: "yellow",
    Status.CANCELLED: "magenta",
    Status.REQUESTED: "dim",
}


def drawn(columns: Sequence[Column], day: datetime, zone: tzinfo | None = None) -> Iterator[Text]:
    """Give the lines. Of what began on `day` only the time of day is told, in this machine's zone unless in `zone`."""
    nodes = [node for column in columns for step in column.steps for node in step]
    width = max((len(node.name) for node in nodes), default=0)
    room = max((len(_began(node, day, zone)) for node in nodes), default=0)
    for number, column in enumerate(columns):
        if number:
            yield Text("│", style="dim")
        yield _heading(column)
        for order, step in enumerate(column.steps):
            if order:
                yield Text("  ↓", style="dim")
            for place, node in enumerate(step):
                began = f"{_began(node, day, zone):<{room}}"
                yield _line(_bracket(place, len(step)), node, began, width)
                yield from _notes(node)


def _heading(column: Column) -> Text:
    line = Text()
    line.append(f"{sign(column.status, skipped=column.skipped)} ", style=_style(column.status, skipped=column.skipped))
    line.append(column.name, style="bold")
    parts = (column.environment, column.state, column.took)
    line.append("   " + " · ".join(part for part in parts if part), style="dim")
    return line


def _bracket(place: int, count: int) -> str:
    if count == 1:
        return "─"
    return "┌" if place == 0 else "└" if place == count - 1 else "├"


def _began(node: Node, day: datetime, zone: tzinfo | None) -> str:
    return f"{clock(node.started_at, day, zone)}  " if node.started_at else ""


def _line(bracket: str, node: Node, began: str, width: int) -> Text:
    line = Text()
    line.append(f"{bracket} ", style="dim")
    line.append(f"{sign(node.status, skipped=node.skipped)} ", style=_style(node.status, skipped=node.skipped))
    line.append(began, style="dim")
    line.append(f"{node.name:<{width}}  ")
    line.append(node.title, style=_style(node.status, skipped=node.skipped))
    if node.took:
        line.append(f"  {node.took}", style="dim")
    return line


def _notes(node: Node) -> Iterator[Text]:
    failed = () if node.said_above else (node.reason, node.cause)
    for note in (*node.notes, *failed, node.hint):
        if note:
            yield Text(f"      {note}", style="dim")


def _style(status: Status, *, skipped: bool) -> str:
    return "dim" if skipped else _COLOURS[status]
