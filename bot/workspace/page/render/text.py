"""Text objects and the blocks that are mostly text: header, section, context, divider, markdown, alert."""

from markupsafe import Markup

from bot.workspace.page.render import markdown
from bot.workspace.page.render.controls import control
from bot.workspace.page.render.html import Json, join, own_or_safe, tag
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.names import Names
from bot.workspace.page.render.plain import plain

LEVELS = {"info": "Information", "success": "Success", "warning": "Warning", "error": "Error", "default": "Note"}


def text(value: object, names: Names) -> Markup:
    """A text object (`plain_text` or `mrkdwn`), or a bare string taken as plain text."""
    if isinstance(value, dict) and value.get("type") in {"mrkdwn", "markdown"}:
        return mrkdwn(str(value.get("text", "")), names)
    return plain(value)


def header(block: Json, names: Names) -> Markup:
    """A `header` block."""
    return tag("h3", text(block["text"], names), class_="header")


def divider(_block: Json, _names: Names) -> Markup:
    """A `divider` block."""
    return tag("hr")


def section(block: Json, names: Names) -> Markup:
    """A `section` block: text, fields in two columns, something beside them."""
    body = tag(
        "div",
        tag("div", text(block["text"], names), class_="text") if block.get("text") else None,
        _fields(block, names) if block.get("fields") else None,
        class_="body",
    )
    accessory = block.get("accessory")
    beside = _beside(accessory, block, names) if accessory else None
    return tag("div", body, beside, class_="section")


def context(block: Json, names: Names) -> Markup:
    """A `context` block: small print and small images in a row."""
    return tag("div", join(_small(element, names) for element in block["elements"]), class_="context")


def markdown_block(block: Json, _names: Names) -> Markup:
    """A `markdown` block."""
    return tag("div", markdown.markdown(str(block["text"])), class_="markdown")


def alert(block: Json, names: Names) -> Markup:
    """An `alert` block: its level is said in a word, not by colour alone."""
    level = str(block.get("level") or "default")
    level = level if level in LEVELS else "default"
    return tag(
        "div", tag("strong", f"{LEVELS[level]}: "), text(block["text"], names), class_=f"alert {level}", role="note"
    )


def image(element: Json, class_: str = "thumb") -> Markup:
    """An image of this workspace; one kept elsewhere is offered as a link, for the page loads nothing from outside."""
    address = own_or_safe(element.get("image_url"))
    words = str(element.get("alt_text") or "image")
    if address is None:
        return tag("span", f"[{words}]", class_="quiet")
    if not address.startswith("/"):
        return tag("a", f"Image: {words}", href=address, target="_blank", rel="noopener noreferrer", class_="link")
    return tag("img", src=address, alt=words, loading="lazy", class_=class_)


def _fields(block: Json, names: Names) -> Markup:
    return tag("div", join(tag("div", text(field, names)) for field in block["fields"]), class_="fields")


def _beside(accessory: Json, block: Json, names: Names) -> Markup:
    if accessory.get("type") == "image":
        return image(accessory)
    return tag("div", control(accessory, block, names), class_="accessory")


def _small(element: Json, names: Names) -> Markup:
    if element.get("type") == "image":
        return image(element, "tiny")
    return tag("span", text(element, names))
