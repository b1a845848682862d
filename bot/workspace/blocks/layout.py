"""Blocks: what each kind may hold."""

from typing import Any

from bot.workspace.blocks.elements import ELEMENTS, IMAGE, IN_ACTIONS, IN_INPUT, IN_SECTION
from bot.workspace.blocks.objects import BLOCK_ID, RICH_TEXT, RICH_TEXT_BLOCK, SLACK_FILE, plain, worded
from bot.workspace.blocks.rules import (
    Faults,
    Rule,
    any_field,
    anything,
    boolean,
    both,
    kinds,
    many,
    number,
    one_of,
    shape,
    text,
    unique,
    url,
)


def _perhaps(rule: Rule) -> Rule:
    def check(faults: Faults, at: str, value: Any) -> None:
        if value is not None:
            rule(faults, at, value)

    return check


_ID: dict[str, Rule] = {"block_id": BLOCK_ID}
_BUTTONS = kinds(ELEMENTS, {"button", "icon_button"})
_IN_CONTEXT = kinds({"image": IMAGE, "plain_text": worded(2000), "mrkdwn": worded(2000)})

_CELL = kinds(
    {
        "raw_text": shape({"text": text(10_000)}),
        "raw_number": shape({"value": number, "text": text(255)}),
        "rich_text": RICH_TEXT_BLOCK,
    }
)
_COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
_SOURCE = kinds({"url": shape({"url": url(), "text": text(3000)})})

TASK = shape(
    {
        "task_id": text(255),
        "title": text(3000),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": many(_SOURCE, 100, 0), **_ID},
)
_TASKS = both(many(kinds({"task_card": TASK}), 50, 0), unique("task_id"))
_CARD = both(
    shape(
        {},
        {
            "hero_image": kinds({"image": IMAGE}),
            "icon": kinds({"image": IMAGE}),
            "title": worded(150),
            "subtitle": worded(150),
            "body": worded(200),
            "actions": both(many(_BUTTONS, 3), unique("action_id")),
            **_ID,
        },
    ),
    any_field("hero_image", "title", "actions", "body"),
)

LEAVES: dict[str, Rule] = {
    "section": both(
        shape(
            {},
            {
                "text": worded(3000),
                "fields": many(worded(2000), 10),
                "accessory": kinds(ELEMENTS, IN_SECTION),
                "expand": boolean,
                **_ID,
            },
        ),
        any_field("text", "fields"),
    ),
    "header": shape({"text": plain(150)}, _ID),
    "divider": shape({}, _ID),
    "image": both(
        shape(
            {"alt_text": text(2000)},
            {"image_url": url(), "slack_file": SLACK_FILE, "title": plain(2000), **_ID},
        ),
        any_field("image_url", "slack_file"),
    ),
    "actions": shape({"elements": both(many(kinds(ELEMENTS, IN_ACTIONS), 25), unique("action_id"))}, _ID),
    "context": shape({"elements": many(_IN_CONTEXT, 10)}, _ID),
    "context_actions": shape(
        {"elements": many(kinds(ELEMENTS, {"feedback_buttons", "icon_button"}), 5)},
        _ID,
    ),
    "input": shape(
        {"label": plain(2000), "element": kinds(ELEMENTS, IN_INPUT)},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean, **_ID},
    ),
    "rich_text": RICH_TEXT_BLOCK,
    "markdown": shape({"text": text(12_000)}, _ID),
    "file": shape({"external_id": text(255), "source": one_of("remote")}, _ID),
    "video": shape(
        {"alt_text": text(2000), "video_url": url(), "thumbnail_url": url(), "title": plain(200)},
        {
            "title_url": url(),
            "description": plain(200),
            "provider_icon_url": url(),
            "provider_name": text(50),
            "author_name": text(50),
            **_ID,
        },
    ),
    "table": shape({"rows": many(many(_CELL, 20), 100)}, {"column_settings": many(_perhaps(_COLUMN), 20), **_ID}),
    "task_card": TASK,
    "plan": shape({"title": text(3000)}, {"tasks": _TASKS, **_ID}),
    "alert": shape(
        {"text": worded(200)},
        {"level": one_of("default", "info", "warning", "error", "success"), **_ID},
    ),
}

_DATA: dict[str, Rule] = {
    "data_table": shape(
        {"caption": text(2000), "rows": many(many(_CELL, 20), 201)},
        {"page_size": anything, "row_header_column_index": anything, "column_settings": anything, **_ID},
    ),
    "data_visualization": shape({}, dict.fromkeys(("title", "chart", "data", "series", "block_id"), anything)),
}
_CHILDREN = many(kinds(LEAVES), 10)
_CONTAINER = both(
    shape(
        {"child_blocks": _CHILDREN},
        {
            "title": plain(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": worded(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": kinds({"image": IMAGE}),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
            **_ID,
        },
    ),
    any_field("title", "rich_text_title"),
)

BLOCKS: dict[str, Rule] = {
    **LEAVES,
    **_DATA,
    "card": _CARD,
    "carousel": shape({"elements": many(kinds({"card": _CARD}), 10)}, _ID),
    "container": _CONTAINER,
}

_EVERYWHERE = {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
IN_MESSAGE = set(BLOCKS) - {"alert"}
IN_MODAL = _EVERYWHERE | {"alert", "card"}
IN_HOME = _EVERYWHERE | {"table", "data_table", "data_visualization", "card", "carousel", "container"}
