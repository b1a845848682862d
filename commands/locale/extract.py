"""Finds the texts that people read, for Babel (see `babel.cfg`), in the syntax tree: nested calls are no riddle."""

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

KEYWORDS: Mapping[str, tuple[int, ...]] = {
    "say": (0,),
    "later": (0,),
    "phrase": (1,),
    "marked": (1,),
    "several": (0, 1),
    "worded": (0,),
}
"""What says texts, with the places of the message ids among its arguments."""
_SILENT = {"runners", "storage"}
"""Packages that speak to nobody: they word what others say later, and have a `say` of their own."""

Found = tuple[int, str, str | tuple[str, ...], list[str]]
"""Line, function, message id (singular and plural for those that count), comments: as Babel wants it."""


def phrases(
    fileobj: IO[bytes],
    keywords: Collection[str] = (),  # noqa: ARG001 - Babel names them; ours are above
    comment_tags: Collection[str] = (),  # noqa: ARG001 - there are none
    options: Mapping[str, Any] | None = None,  # noqa: ARG001 - there are none
) -> Iterator[Found]:
    """Give every text in one file of Python, as Babel's extraction methods do."""
    speaks = not _SILENT & set(Path(fileobj.name).parts)
    for node in ast.walk(ast.parse(fileobj.read())):
        if isinstance(node, ast.Call) and (speaks or called(node) == "worded"):
            yield from _said(node)


def called(node: ast.Call) -> str:
    """Give the last name of what is called: `say` for `asked.say(...)`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _said(node: ast.Call) -> Iterator[Found]:
    places = KEYWORDS.get(called(node), ())
    given = [node.args[place] for place in places if place < len(node.args)]
    if not given or len(given) < len(places):
        return
    if len(given) > 1:
        yield node.lineno, "ngettext", tuple(text for part in given for text in _literals(part)), []
        return
    for text in _literals(given[0]):
        yield node.lineno, "gettext", text, []


def _literals(part: ast.expr) -> Iterator[str]:
    """Give the literal, or both of `a if ... else b`. Other expressions are said by what `later` marks."""
    match part:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _literals(body)
            yield from _literals(orelse)
