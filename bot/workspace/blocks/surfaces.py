"""The whole of a message, a modal, an App Home: counts, totals, ids; and the ids that Slack fills in."""

from collections.abc import Iterator
from typing import Any

from bot.workspace.blocks.elements import INTERACTIVE
from bot.workspace.blocks.layout import BLOCKS, IN_HOME, IN_MESSAGE, IN_MODAL
from bot.workspace.blocks.objects import plain
from bot.workspace.blocks.rules import Faults, anything, both, kinds, many, one_of, shape, text, unique
from bot.workspace.blocks.rules import boolean as flag
from bot.workspace.wire import Json, SlackError, fresh

MESSAGE_TOTAL = 13_200
_MARKDOWN_TOTAL = 12_000
_TABLE_TOTAL = 10_000
_DATA_TABLE_TOTAL = 20_000
_WORDS = ("text", "title", "alt_text", "value", "caption")

_MESSAGE = both(many(kinds(BLOCKS, IN_MESSAGE), 50, 0), unique("block_id"))
_HOME = both(many(kinds(BLOCKS, IN_HOME), 100, 0), unique("block_id"))
_MODAL = both(many(kinds(BLOCKS, IN_MODAL), 100), unique("block_id"))
_VIEW_COMMON = {
    "private_metadata": text(3000, 0),
    "callback_id": text(255, 0),
    "external_id": text(255, 0),
    "clear_on_close": flag,
    "notify_on_close": flag,
}
_VIEWS = kinds(
    {
        "modal": shape(
            {"title": plain(24), "blocks": _MODAL},
            {**_VIEW_COMMON, "submit": plain(24), "close": plain(24), "submit_disabled": flag},
        ),
        "home": shape(
            {"blocks": _HOME},
            {**_VIEW_COMMON, "title": anything, "submit": anything, "close": anything},
        ),
    }
)


def check_message(blocks: Any, at: str = "/blocks") -> list[str]:
    """Return what is wrong with the blocks of a message, as Slack words it."""
    faults = Faults()
    _MESSAGE(faults, at, blocks)
    if not faults:
        _totals(faults, at, blocks)
    return faults.messages


def demand_message(blocks: list[Json], at: str = "/blocks") -> None:
    """Raise `invalid_blocks` or `msg_blocks_too_long` unless a message may hold these blocks."""
    if messages := check_message(blocks, at):
        raise SlackError("invalid_blocks", errors=messages, response_metadata={"messages": messages})
    if sum(map(length, blocks)) > MESSAGE_TOTAL:
        raise SlackError("msg_blocks_too_long")


def check_view(view: Any, kind: str = "") -> list[str]:
    """Return what is wrong with a view (of that kind)."""
    faults = Faults()
    _VIEWS(faults, "/view", view)
    if faults:
        return faults.messages
    if kind:
        one_of(kind)(faults, "/view/type", view["type"])
    inputs = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and inputs and not view.get("submit"):
        faults.add("/view", "missing required field: submit (a view with an input block needs it)")
    return faults.messages


def demand_view(view: Any, kind: str) -> None:
    """Raise `invalid_arguments` unless the view is a good one of that kind."""
    if messages := check_view(view, kind):
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})


def completed(blocks: list[Json]) -> list[Json]:
    """Return a copy of `blocks` in which every block and every interactive element has its id."""
    return [_completed(block) for block in blocks]


def elements(block: Json) -> Iterator[Json]:
    """Yield the interactive elements of a block, of its children too."""
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield block[name]
    if block["type"] in ("actions", "context_actions"):
        yield from block["elements"]
    yield from block.get("actions", ()) if block["type"] == "card" else ()
    for child in children(block):
        yield from elements(child)


def children(block: Json) -> list[Json]:
    """Return the blocks within a block that have ids of their own."""
    if block["type"] == "carousel":
        return list(block["elements"])
    return list(block.get("child_blocks", ()))


def length(value: Any) -> int:
    """Return the characters of all that is drawn in a block."""
    if isinstance(value, list):
        return sum(map(length, value))
    if not isinstance(value, dict):
        return 0
    own = sum(len(value[name]) for name in _WORDS if isinstance(value.get(name), str) and _is_drawn(value, name))
    return own + sum(length(inner) for inner in value.values())


def _is_drawn(value: Json, name: str) -> bool:
    return name != "value" or "action_id" not in value


def _completed(block: Json) -> Json:
    whole: Json = {**block, "block_id": block.get("block_id") or fresh("", 5)}
    for name in ("accessory", "element"):
        if isinstance(whole.get(name), dict):
            whole[name] = _with_action(whole[name])
    if whole["type"] in ("actions", "context_actions"):
        whole["elements"] = [_with_action(each) for each in whole["elements"]]
    if whole["type"] == "card" and "actions" in whole:
        whole["actions"] = [_with_action(each) for each in whole["actions"]]
    for name in ("elements", "child_blocks"):
        if children(block) and name in whole:
            whole[name] = completed(whole[name])
    return whole


def _with_action(element: Json) -> Json:
    if element["type"] not in INTERACTIVE or element.get("action_id"):
        return element
    return {**element, "action_id": fresh("", 5)}


def _totals(faults: Faults, at: str, blocks: list[Json]) -> None:
    _count(faults, at, blocks, "table", _TABLE_TOTAL)
    _count(faults, at, blocks, "data_table", _DATA_TABLE_TOTAL)
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > _MARKDOWN_TOTAL:
        faults.add(at, f"markdown blocks must have less than {_MARKDOWN_TOTAL + 1} characters together")


def _count(faults: Faults, at: str, blocks: list[Json], kind: str, most: int) -> None:
    tables = [(index, block) for index, block in enumerate(blocks) if block["type"] == kind]
    for index, _ in tables[1:] if kind == "table" else ():
        faults.add(f"{at}/{index}", "only one table is allowed per message")
    for index, block in tables:
        if length(block["rows"]) > most:
            faults.add(f"{at}/{index}/rows", f"cells must have less than {most + 1} characters together")
