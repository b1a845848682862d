"""Interactive elements: buttons, selects, menus, pickers, boxes and text inputs.

Every control is a `<span class="control">` that says its kind, block and action; `static/controls.js` reads its
value from there. `data-dispatch` marks those that tell the app at once; the others wait for a form to be sent.
"""

from collections.abc import Callable

from markupsafe import Markup

from bot.workspace.page.render.choices import choices, menu, people_and_places, select
from bot.workspace.page.render.confirm import confirm
from bot.workspace.page.render.entry import typed, when
from bot.workspace.page.render.html import Json, own_or_safe, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain, words
from bot.workspace.page.render.unknown import unknown

Draw = Callable[[Json, Names], Markup]


def control(element: Json, block: Json, names: Names, *, dispatch: bool = True) -> Markup:
    """One element with what the page needs to tell the app about it; an unknown one as folded JSON."""
    kind = str(element.get("type"))
    draw = FAMILIES.get(kind)
    if draw is None:
        return unknown(element)
    asked = element.get("confirm")
    return tag(
        "span",
        draw(element, names),
        confirm(asked, names) if asked else None,
        class_=f"control is-{kind}",
        data_kind=kind,
        data_block=str(block.get("block_id", "")),
        data_action=str(element.get("action_id", "")),
        data_dispatch=dispatch,
    )


def button(element: Json, _names: Names) -> Markup:
    """A button, or a link that looks like one (and tells the app all the same)."""
    style = element.get("style")
    look = f"button {style}" if style in {"primary", "danger"} else "button"
    label = plain(element.get("text"))
    said = element.get("accessibility_label")
    address = own_or_safe(element.get("url")) if element.get("url") else None
    if address:
        return tag("a", label, class_=look, href=address, target="_blank", rel="noopener noreferrer", aria_label=said)
    value = element.get("value")
    return tag(
        "button", label, type="button", class_=look, aria_label=said, data_value=None if value is None else str(value)
    )


def _feedback(element: Json, names: Names) -> Markup:
    pair = (element["positive_button"], element["negative_button"])
    return Markup("").join(button(each, names) for each in pair)


def _icon_button(element: Json, names: Names) -> Markup:
    return button(
        {**element, "accessibility_label": element.get("accessibility_label") or words(element["text"])}, names
    )


FAMILIES: dict[str, Draw] = {
    "button": button,
    "icon_button": _icon_button,
    "feedback_buttons": _feedback,
    "overflow": menu,
    "static_select": select,
    "multi_static_select": select,
    "users_select": people_and_places,
    "multi_users_select": people_and_places,
    "channels_select": people_and_places,
    "multi_channels_select": people_and_places,
    "conversations_select": people_and_places,
    "multi_conversations_select": people_and_places,
    "checkboxes": choices,
    "radio_buttons": choices,
    "datepicker": when,
    "timepicker": when,
    "datetimepicker": when,
    "plain_text_input": typed,
    "email_text_input": typed,
    "url_text_input": typed,
    "number_input": typed,
}
