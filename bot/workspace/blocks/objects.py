"""Composition objects: texts, options, confirm dialogs, rich text."""

from bot.workspace.blocks.rules import (
    Rule,
    any_field,
    anything,
    boolean,
    both,
    integer,
    kinds,
    many,
    one_of,
    shape,
    text,
    url,
)

BLOCK_ID = text(255)
ACTION_ID = text(255)


def plain(most: int) -> Rule:
    """Accept a plain_text object of up to `most` characters."""
    return kinds({"plain_text": shape({"text": text(most)}, {"emoji": boolean})})


def worded(most: int) -> Rule:
    """Accept a plain_text or mrkdwn object of up to `most` characters."""
    return kinds(
        {
            "plain_text": shape({"text": text(most)}, {"emoji": boolean}),
            "mrkdwn": shape({"text": text(most)}, {"verbatim": boolean}),
        }
    )


CONFIRM = shape(
    {"title": plain(100), "text": worded(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(label: Rule) -> Rule:
    """Accept one choice with a label of that kind."""
    return shape({"text": label, "value": text(150)}, {"description": plain(75), "url": url()})


OPTION = option(plain(75))
WORDED_OPTION = option(worded(75))
OPTIONS = many(OPTION, 100)
GROUPS = many(shape({"label": plain(75), "options": OPTIONS}), 100)
FILTER = shape({}, {"include": anything, "exclude_external_shared_channels": boolean, "exclude_bot_users": boolean})
DISPATCH = shape({"trigger_actions_on": many(one_of("on_enter_pressed", "on_character_entered"), 2)})
SLACK_FILE = both(shape({}, {"id": text(255), "url": text(3000)}), any_field("id", "url"))

STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
_MENTION_STYLE = {"style": STYLE}

_INLINE = kinds(
    {
        "text": shape({"text": text(40_000)}, {"style": STYLE}),
        "link": shape({"url": url()}, {"text": text(3000), "unsafe": boolean, "style": STYLE}),
        "emoji": shape({"name": text(255)}, {"unicode": text(255), "url": text(3000), "style": STYLE}),
        "user": shape({"user_id": text(255)}, _MENTION_STYLE),
        "usergroup": shape({"usergroup_id": text(255)}, _MENTION_STYLE),
        "channel": shape({"channel_id": text(255)}, _MENTION_STYLE),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, _MENTION_STYLE),
        "date": shape({"timestamp": integer, "format": text(255)}, {"url": url(), "fallback": text(3000)}),
        "color": shape({"value": text(20)}),
    }
)
_RUN = many(_INLINE, 10_000, 0)
_SECTION = shape({"elements": _RUN})
_PARTS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_preformatted": shape({"elements": _RUN}, {"border": integer, "language": text(50)}),
    "rich_text_quote": shape({"elements": _RUN}, {"border": integer}),
    "rich_text_list": shape(
        {"elements": many(kinds({"rich_text_section": _SECTION}), 1000), "style": one_of("bullet", "ordered")},
        {"indent": integer, "offset": integer, "border": integer},
    ),
}
RICH_TEXT_BLOCK = shape({"elements": many(kinds(_PARTS), 1000)}, {"block_id": BLOCK_ID})
RICH_TEXT = kinds({"rich_text": RICH_TEXT_BLOCK})
