"""What a person picked or typed, in the shape Slack gives it: by element, and as the state of a view or message."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.workspace.blocks.surfaces import children, elements
from bot.workspace.wire import Json

_ONE = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_MANY = {
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
_ONE_OPTION = ("static_select", "radio_buttons", "overflow")
_MANY_OPTIONS = ("multi_static_select", "checkboxes")
_TYPED = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class UnknownChoiceError(ValueError):
    """Something was picked that the element does not offer."""


def find(blocks: list[Json], block_id: str, action_id: str, carried: str | None) -> Json | None:
    """Return the interactive element of those ids, or else another of that action that carries the same value.

    Who presses a button sees the message as it was: an edit that came meanwhile gave its blocks new ids, as Slack asks
    of edits, and a click on the older copy still does what the button said.
    """
    acting = [(block, each) for block in flat(blocks) for each in elements(block) if each.get("action_id") == action_id]
    exactly = (each for block, each in acting if block.get("block_id") == block_id)
    return next(exactly, None) or next((each for _, each in acting if each.get("value") == carried), None)


def flat(blocks: list[Json]) -> Iterator[Json]:
    """Yield all blocks; children before the block that holds them."""
    for block in blocks:
        yield from flat(children(block))
        yield block


def value(element: Json, raw: Any) -> Json:
    """Return the state of an element after `raw` was picked or typed; None means its initial value."""
    kind = element["type"]
    if kind in _TYPED:
        return {"type": kind, "value": (element.get("initial_value") if raw is None else str(raw)) or None}
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, raw) if raw else element.get("initial_option")}
    if kind in _MANY_OPTIONS:
        given = element.get("initial_options", []) if raw is None else [_option(element, each) for each in raw]
        return {"type": kind, "selected_options": given}
    if kind in _ONE:
        selected, initial = _ONE[kind]
        given = element.get(initial) if raw is None else raw or None
        return {"type": kind, selected: int(given) if kind == "datetimepicker" and given else given}
    if kind in _MANY:
        selected, initial = _MANY[kind]
        return {"type": kind, selected: element.get(initial, []) if raw is None else list(raw)}
    return {"type": kind}


def state(blocks: list[Json], given: Mapping[str, Mapping[str, Any]]) -> Json:
    """Return Slack's `state.values` of all inputs, with what the person has given so far."""
    values: Json = {}
    for block in flat(blocks):
        for element in elements(block):
            if element["type"] in ("button", "overflow", "image", "icon_button", "feedback_buttons"):
                continue
            raw = given.get(block["block_id"], {}).get(element["action_id"])
            values.setdefault(block["block_id"], {})[element["action_id"]] = value(element, raw)
    return {"values": values}


def action(element: Json, block_id: str, raw_value: str | None, selected: Any, ts: str) -> Json:
    """Return the entry of `actions` for what was clicked."""
    acted: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id, "action_ts": ts}
    if element["type"] in ("button", "icon_button"):
        acted |= {name: element[name] for name in ("text", "style", "url") if name in element}
        carried = element.get("value") if raw_value is None else raw_value
        return acted | ({} if carried is None else {"value": carried})
    if "placeholder" in element:
        acted["placeholder"] = element["placeholder"]
    return acted | value(element, raw_value if element["type"] in _TYPED else selected)


def faults(blocks: list[Json], values: Json) -> dict[str, str]:
    """Return what the client itself refuses at submission, by block: the required, the lengths, the forms."""
    found: dict[str, str] = {}
    for block in flat(blocks):
        if block["type"] != "input":
            continue
        element = block["element"]
        held = values["values"][block["block_id"]][element["action_id"]]
        if fault := _fault(element, held, optional=bool(block.get("optional"))):
            found[block["block_id"]] = fault
    return found


def _fault(element: Json, held: Json, *, optional: bool) -> str:
    given = next((inner for name, inner in held.items() if name != "type"), None)
    if not given:
        return "" if optional else "Please complete this required field."
    if element["type"] not in _TYPED:
        return ""
    if len(given) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(given) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return _form_fault(element, given)


def _form_fault(element: Json, given: str) -> str:
    if element["type"] == "email_text_input" and not _EMAIL.fullmatch(given):
        return "Please enter a valid email address."
    if element["type"] == "url_text_input" and not given.startswith(("http://", "https://")):
        return "Please enter a valid URL."
    if element["type"] == "number_input":
        return _number_fault(element, given)
    return ""


def _number_fault(element: Json, given: str) -> str:
    try:
        entered = float(given)
    except ValueError:
        return "Please enter a number."
    if not element.get("is_decimal_allowed") and not entered.is_integer():
        return "Please enter a whole number."
    if "min_value" in element and entered < float(element["min_value"]):
        return f"Please enter at least {element['min_value']}."
    if "max_value" in element and entered > float(element["max_value"]):
        return f"Please enter at most {element['max_value']}."
    return ""


def _option(element: Json, wanted: Any) -> Json:
    offered = list(element.get("options", ()))
    for group in element.get("option_groups", ()):
        offered += group["options"]
    for option in offered:
        if option["value"] == wanted:
            return dict(option)
    raise UnknownChoiceError(f"{element['action_id']} does not offer {wanted!r}.")
