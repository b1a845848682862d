"""Blocks that hold other content: `card`, `carousel` and the collapsible `container`."""

from collections.abc import Callable

from markupsafe import Markup

from bot.workspace.page.render.form import actions
from bot.workspace.page.render.html import Json, join, tag
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain
from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.text import image, text

DrawAll = Callable[[object, Names], Markup]


def card(block: Json, names: Names) -> Markup:
    """A framed summary with up to three actions."""
    return tag(
        "div",
        image(block["hero_image"], "picture") if block.get("hero_image") else None,
        tag("h3", text(block["title"], names)) if block.get("title") else None,
        tag("div", text(block["subtitle"], names), class_="quiet") if block.get("subtitle") else None,
        tag("div", text(block["body"], names)) if block.get("body") else None,
        actions({**block, "elements": block["actions"]}, names) if block.get("actions") else None,
        class_="card",
    )


def carousel(block: Json, names: Names) -> Markup:
    """Cards side by side; the row scrolls."""
    cards = join(card(each, names) for each in block["elements"])
    return tag("div", cards, class_="carousel", tabindex=0, role="region", aria_label="Cards")


def container(block: Json, names: Names, draw: DrawAll) -> Markup:
    """A titled box; folded when the app says so."""
    title = rich_text(block["rich_text_title"], names) if block.get("rich_text_title") else plain(block.get("title"))
    below = tag("span", plain(block["subtitle"]), class_="quiet") if block.get("subtitle") else None
    inside = draw(block["child_blocks"], names)
    if not block.get("is_collapsible"):
        return tag("div", tag("div", tag("strong", title), below), inside, class_="card")
    return tag(
        "details",
        tag("summary", tag("strong", title), below),
        inside,
        class_="card",
        open=not block.get("default_collapsed"),
        data_key=str(block.get("block_id", "")),
    )
