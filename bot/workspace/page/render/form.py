"""Blocks that hold controls: `actions`, `context_actions` and `input`."""

from markupsafe import Markup

from bot.workspace.page.render.controls import control
from bot.workspace.page.render.html import Json, join, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain, words

GROUPS = frozenset({"checkboxes", "radio_buttons"})


def actions(block: Json, names: Names) -> Markup:
    """Controls in a row."""
    row = join(control(element, block, names) for element in block["elements"])
    return tag("div", row, class_="actions", role="group", aria_label=names.say("Actions"))


def input_block(block: Json, names: Names) -> Markup:
    """A labelled control with its hint and a place for what is wrong with it."""
    element = block["element"]
    optional = bool(block.get("optional"))
    group = element.get("type") in GROUPS
    label = (plain(block["label"]), tag("span", " ", names.say("(optional)"), class_="quiet") if optional else None)
    drawn = control(element, block, names, dispatch=bool(block.get("dispatch_action")))
    hint = tag("span", plain(block["hint"]), class_="hint") if block.get("hint") else None
    fault = tag("span", class_="fault", role="alert", hidden=True)
    title = tag("legend" if group else "span", *label, class_="label")
    return tag(
        "fieldset" if group else "label",
        title,
        drawn,
        hint,
        fault,
        class_="field",
        data_block=str(block.get("block_id", "")),
        data_label=words(block["label"]),
        data_required=not optional,
    )
