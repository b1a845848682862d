"""Where everything stands in the picture of a graph: boxes and lines in whole units, for the template to draw.

Wide: stages from left to right, in a stage its steps from left to right, in a step its nodes from top to bottom.
Narrow: everything from top to bottom, for a phone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.runs.graph import Column
from bot.runs.waits import Node
from bot.slack.marks import cut
from storage.model.run import Status

_NODE = 146, 46
_GAP = 10
"""Between nodes of one step."""
_NEXT = 26
"""Between steps, where the arrow is."""
_PAD = 10
_HEAD = 40
_BETWEEN = 24
"""Between stages."""
_LETTER, _SMALL = 7.6, 6.7
"""Width of a letter of a name and of what stands below it, on the generous side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One node and its place."""

    x: int
    y: int
    width: int
    height: int
    node: Node

    @property
    def name(self) -> str:
        """As much of the name as fits."""
        return cut(self.node.name, int((self.width - 44) / _LETTER))

    @property
    def detail(self) -> str:
        """As much as fits of what it waits for, and of how long that or its work took."""
        node, room = self.node, int((self.width - 44) / _SMALL)
        first = (node.short, node.took) if node.status is Status.WAITING else (node.took, node.short)
        both = " · ".join(part for part in (node.short, node.took) if part)
        texts = (both, *first, node.title)
        return cut(next((text for text in texts if 0 < len(text) <= room), node.took or node.short or node.title), room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One stage and its place."""

    x: int
    y: int
    width: int
    height: int
    column: Column

    @property
    def name(self) -> str:
        """As much of the name as fits."""
        return cut(self.column.name, int((self.width - 22) / _LETTER))

    @property
    def detail(self) -> str:
        """How it stands, how long it took and where it goes; where that does not fit, its nodes say how long."""
        state, took, environment = self.column.state, self.column.took, self.column.environment
        choices = ((state, took, environment), (state, environment), (state, took))
        texts = (" · ".join(part for part in parts if part) for parts in choices)
        return next((text for text in texts if len(text) * _SMALL <= self.width - 18), state)


@dataclass(frozen=True, slots=True)
class Line:
    """From one thing to the next."""

    path: str
    arrow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that is drawn."""

    width: int
    height: int
    frames: tuple[Frame, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def wide(columns: Sequence[Column]) -> Picture:
    """Lay the stages out from left to right."""
    tallest = max((len(step) for column in columns for step in column.steps), default=1)
    height = _HEAD + tallest * (_NODE[1] + _GAP) - _GAP + _PAD
    frames: list[Frame] = []
    boxes: list[Box] = []
    lines: list[Line] = []
    x = 0
    for column in columns:
        width = _breadth(column)
        frames.append(Frame(x=x, y=0, width=width, height=height, column=column))
        inside = list(_beside(column, x + _PAD, _HEAD))
        boxes += [box for step in inside for box in step]
        lines += [line for left, right in pairwise(inside) for line in _across(left, right)]
        x += width + _BETWEEN
    lines += [_between(a, b) for a, b in pairwise(frames)]
    return Picture(
        width=max(0, x - _BETWEEN), height=height, frames=tuple(frames), boxes=tuple(boxes), lines=tuple(lines)
    )


def narrow(columns: Sequence[Column], width: int = 340) -> Picture:
    """Lay everything out from top to bottom."""
    frames: list[Frame] = []
    boxes: list[Box] = []
    lines: list[Line] = []
    y = 0
    for column in columns:
        inside, end = _below(column, width, y + _HEAD)
        frames.append(Frame(x=0, y=y, width=width, height=end + _PAD - y, column=column))
        boxes += [box for step in inside for box in step]
        lines += [_down(a[-1], b[0]) for a, b in pairwise(inside)]
        y = end + _PAD + _BETWEEN
    lines += [_under(a, b) for a, b in pairwise(frames)]
    return Picture(
        width=width, height=max(0, y - _BETWEEN), frames=tuple(frames), boxes=tuple(boxes), lines=tuple(lines)
    )


def _breadth(column: Column) -> int:
    steps = max(1, len(column.steps))
    return steps * _NODE[0] + (steps - 1) * _NEXT + 2 * _PAD


def _beside(column: Column, x: int, y: int) -> Iterator[list[Box]]:
    for step in column.steps:
        yield [
            Box(x=x, y=y + place * (_NODE[1] + _GAP), width=_NODE[0], height=_NODE[1], node=node)
            for place, node in enumerate(step)
        ]
        x += _NODE[0] + _NEXT


def _below(column: Column, width: int, y: int) -> tuple[list[list[Box]], int]:
    steps: list[list[Box]] = []
    for order, step in enumerate(column.steps):
        y += (_NEXT if order else 0) - (_GAP if order else 0)
        boxes = []
        for node in step:
            boxes.append(Box(x=_PAD, y=y, width=width - 2 * _PAD, height=_NODE[1], node=node))
            y += _NODE[1] + _GAP
        steps.append(boxes)
    return steps, y - (_GAP if column.steps else 0)


def _across(left: Sequence[Box], right: Sequence[Box]) -> Iterator[Line]:
    """Join all of one step to all of the next, over one upright in the middle of the gap."""
    upright = left[0].x + left[0].width + _NEXT // 2 - 3
    heights = [_middle(box) for box in (*left, *right)]
    yield Line(f"M{upright} {min(heights)} V{max(heights)}", arrow=False)
    for box in left:
        yield Line(f"M{box.x + box.width} {_middle(box)} H{upright}", arrow=False)
    for box in right:
        yield Line(f"M{upright} {_middle(box)} H{box.x - 5}")


def _middle(box: Box) -> int:
    return box.y + box.height // 2


def _down(a: Box, b: Box) -> Line:
    x = a.x + a.width // 2
    return Line(f"M{x} {a.y + a.height} V{b.y - 5}")


def _between(a: Frame, b: Frame) -> Line:
    y = a.y + 20
    return Line(f"M{a.x + a.width} {y} H{b.x - 5}")


def _under(a: Frame, b: Frame) -> Line:
    x = a.x + a.width // 2
    return Line(f"M{x} {a.y + a.height} V{b.y - 5}")
