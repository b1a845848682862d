"""Elements: buttons, menus, inputs, and which block may hold which."""

from bot.workspace.blocks.objects import (
    ACTION_ID,
    CONFIRM,
    DISPATCH,
    FILTER,
    GROUPS,
    OPTION,
    OPTIONS,
    RICH_TEXT,
    SLACK_FILE,
    WORDED_OPTION,
    plain,
)
from bot.workspace.blocks.rules import Rule, any_field, boolean, both, integer, many, one_of, shape, text, url

_COMMON: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean}
_ASKING: dict[str, Rule] = {**_COMMON, "placeholder": plain(150)}
_CHOICES = any_field("options", "option_groups")


def _picker(initial: str, rule: Rule, **more: Rule) -> Rule:
    return shape({}, {**_ASKING, initial: rule, **more})


def _several(initial: str, rule: Rule, **more: Rule) -> Rule:
    return _picker(initial, rule, max_selected_items=integer, **more)


def _entry(initial: Rule, **more: Rule) -> Rule:
    allowed = {**_ASKING, "initial_value": initial, "dispatch_action_config": DISPATCH}
    return shape({}, allowed | more)


_ID = text(255)
_IDS = many(_ID, 100)
_LINES = {"multiline": boolean, "min_length": integer, "max_length": integer}
_STATIC: dict[str, Rule] = {"options": OPTIONS, "option_groups": GROUPS}
_TICKS = many(WORDED_OPTION, 10)

IMAGE = both(
    shape({"alt_text": text(2000)}, {"image_url": url(), "slack_file": SLACK_FILE}),
    any_field("image_url", "slack_file"),
)
_BUTTON: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "url": url(),
    "value": text(2000, 0),
    "style": one_of("primary", "danger"),
    "confirm": CONFIRM,
    "accessibility_label": text(75),
}
_FEEDBACK = shape({"text": plain(75), "value": text(2000)}, {"accessibility_label": text(75)})

ELEMENTS: dict[str, Rule] = {
    "button": shape({"text": plain(75)}, _BUTTON),
    "image": IMAGE,
    "overflow": shape({"options": many(OPTION, 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}),
    "static_select": both(_picker("initial_option", OPTION, **_STATIC), _CHOICES),
    "multi_static_select": both(_several("initial_options", OPTIONS, **_STATIC), _CHOICES),
    "users_select": _picker("initial_user", _ID),
    "multi_users_select": _several("initial_users", _IDS),
    "channels_select": _picker("initial_channel", _ID, response_url_enabled=boolean),
    "multi_channels_select": _several("initial_channels", _IDS),
    "conversations_select": _picker(
        "initial_conversation",
        _ID,
        response_url_enabled=boolean,
        default_to_current_conversation=boolean,
        filter=FILTER,
    ),
    "multi_conversations_select": _several(
        "initial_conversations", _IDS, default_to_current_conversation=boolean, filter=FILTER
    ),
    "datepicker": _picker("initial_date", text(10)),
    "timepicker": _picker("initial_time", text(5), timezone=text(100)),
    "datetimepicker": shape({}, {**_COMMON, "initial_date_time": integer}),
    "checkboxes": shape({"options": _TICKS}, {**_COMMON, "initial_options": _TICKS}),
    "radio_buttons": shape({"options": _TICKS}, {**_COMMON, "initial_option": WORDED_OPTION}),
    "plain_text_input": _entry(text(3000, 0), **_LINES),
    "email_text_input": _entry(text(3000)),
    "url_text_input": _entry(text(3000)),
    "number_input": both(
        _entry(text(255), is_decimal_allowed=boolean, min_value=text(50), max_value=text(50)),
        any_field("is_decimal_allowed"),
    ),
    "rich_text_input": shape({}, {**_ASKING, "initial_value": RICH_TEXT, "dispatch_action_config": DISPATCH}),
    "file_input": shape({}, {"action_id": ACTION_ID, "filetypes": many(text(20), 100), "max_files": integer}),
    "icon_button": shape({"icon": text(50), "text": plain(75)}, {**_BUTTON, "visible_to_user_ids": _IDS}),
    "feedback_buttons": shape({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ACTION_ID}),
}

_MENUS = {name for name in ELEMENTS if name.endswith("_select")}
_PICKERS = {"datepicker", "timepicker", "datetimepicker"}
_TICKED = {"checkboxes", "radio_buttons"}

IN_SECTION = {"button", "image", "overflow"} | _MENUS | _TICKED | _PICKERS - {"datetimepicker"}
IN_ACTIONS = {"button", "overflow"} | _MENUS | _TICKED | _PICKERS
IN_INPUT = _MENUS | _TICKED | _PICKERS | {name for name in ELEMENTS if name.endswith("_input")}
INTERACTIVE = set(ELEMENTS) - {"image"}
