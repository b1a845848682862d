"""The `rich_text` block: sections, lists, preformatted text and quotes, and the small elements inside them."""

from collections.abc import Callable, Iterable

from markupsafe import Markup

from bot.workspace.page.render.dates import date
from bot.workspace.page.render.emoji import emoji
from bot.workspace.page.render.html import Json, join, lines, link, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.unknown import unknown

MARKERS = {"bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code"}


def rich_text(block: Json, names: Names) -> Markup:
    """The whole block."""
    return tag("div", join(parts(block["elements"], names)), class_="rich")


def parts(elements: Iterable[Json], names: Names) -> Iterable[Markup]:
    """Each section, list, preformatted text or quote; neighbouring lists nest by their indent."""
    for element in elements:
        draw = FAMILIES.get(str(element.get("type")))
        yield draw(element, names) if draw else unknown(element)


def _section(element: Json, names: Names) -> Markup:
    return tag("p", _run(element["elements"], names))


def _quote(element: Json, names: Names) -> Markup:
    return tag("blockquote", _run(element["elements"], names))


def _preformatted(element: Json, _names: Names) -> Markup:
    inside = join(
        link(part.get("url"), str(part.get("text") or part.get("url")))
        if part.get("type") == "link"
        else str(part.get("text", ""))
        for part in element["elements"]
    )
    return tag("pre", tag("code", inside), tabindex=0)


def _list(element: Json, names: Names) -> Markup:
    ordered = element.get("style") == "ordered"
    indent = min(int(element.get("indent") or 0), 8)
    return tag(
        "ol" if ordered else "ul",
        join(tag("li", _run(item.get("elements", []), names)) for item in element["elements"]),
        class_=f"indent-{indent}",
        start=int(element.get("offset") or 0) + 1 if ordered else None,
    )


FAMILIES: dict[str, Callable[[Json, Names], Markup]] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_preformatted": _preformatted,
    "rich_text_quote": _quote,
}


def _run(elements: Iterable[Json], names: Names) -> Markup:
    return join(_styled(element, names) for element in elements)


def _styled(element: Json, names: Names) -> Markup:
    draw = ELEMENTS.get(str(element.get("type")))
    drawn = draw(element, names) if draw else unknown(element)
    style = element.get("style") or {}
    for name, wrapper in MARKERS.items():
        if style.get(name):
            drawn = tag(wrapper, drawn)
    return drawn


def _emoji(element: Json) -> Markup:
    known = emoji(str(element.get("name", "")))
    code = element.get("unicode")
    if "unknown" not in known or not isinstance(code, str):
        return known
    try:
        glyph = "".join(chr(int(point, 16)) for point in code.split("-"))
    except (ValueError, OverflowError):
        return known
    return tag("span", glyph, class_="emoji", role="img", aria_label=str(element.get("name", "")))


ELEMENTS: dict[str, Callable[[Json, Names], Markup]] = {
    "text": lambda part, _: lines(str(part.get("text", ""))),
    "link": lambda part, _: link(part.get("url"), str(part.get("text") or part.get("url"))),
    "user": lambda part, names: names.user(str(part.get("user_id"))),
    "channel": lambda part, names: names.channel(str(part.get("channel_id"))),
    "usergroup": lambda part, names: names.group(str(part.get("usergroup_id"))),
    "broadcast": lambda part, _: tag("span", f"@{part.get('range')}", class_="mention"),
    "emoji": lambda part, _: _emoji(part),
    "color": lambda part, _: tag("code", str(part.get("value"))),
    "date": lambda part, _: date(
        part.get("timestamp"), part.get("format"), str(part.get("fallback") or part.get("timestamp")), part.get("url")
    ),
}
