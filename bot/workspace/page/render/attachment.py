"""Old-style attachments: a coloured bar, and beside it title, text, fields, footer or blocks."""

import re
from collections.abc import Callable

from markupsafe import Markup

from bot.workspace.page.render.dates import date
from bot.workspace.page.render.html import Json, join, link, tag
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.text import image

WORDS = {"good": "#1a7f5a", "warning": "#b7791f", "danger": "#c53030"}
COLOR = re.compile(r"#?[0-9a-fA-F]{6}")


def attachment(given: Json, names: Names, draw: Callable[[object, Names], Markup]) -> Markup:
    """One attachment; `draw` draws a list of blocks."""
    inside = draw(given["blocks"], names) if given.get("blocks") else _classic(given, names)
    before = tag("div", mrkdwn(str(given["pretext"]), names)) if given.get("pretext") else None
    return tag("div", before, tag("div", _bar(given.get("color")), tag("div", inside), class_="attachment"))


def _bar(color: object) -> Markup:
    written = WORDS.get(str(color), str(color or ""))
    fill = f"#{written.lstrip('#')}" if COLOR.fullmatch(written) else "#8a94a6"
    return tag("svg", tag("rect", width="100%", height="100%", rx=2, fill=fill), class_="stripe", aria_hidden="true")


def _classic(given: Json, names: Names) -> Markup:
    title = str(given.get("title") or "")
    return join(
        [
            tag("div", tag("strong", str(given["author_name"]))) if given.get("author_name") else None,
            tag("div", tag("strong", link(given.get("title_link"), title) if given.get("title_link") else title))
            if title
            else None,
            tag("div", mrkdwn(str(given.get("text") or given.get("fallback") or ""), names)),
            tag("div", join(_field(field, names) for field in given["fields"]), class_="fields")
            if given.get("fields")
            else None,
            image({"image_url": given["image_url"]}, "picture") if given.get("image_url") else None,
            _footer(given),
        ]
    )


def _field(field: Json, names: Names) -> Markup:
    text = mrkdwn(str(field.get("value", "")), names)
    return tag("div", tag("strong", str(field.get("title", ""))), tag("div", text))


def _footer(given: Json) -> Markup | None:
    if not given.get("footer") and not given.get("ts"):
        return None
    moment = date(given["ts"], "{date_short_pretty} {time}", str(given["ts"])) if given.get("ts") else None
    return tag("div", str(given.get("footer") or ""), " " if moment else None, moment, class_="context")
