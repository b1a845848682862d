"""The only place where HTML is written: elements and attributes come from our code, everything else is escaped."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

Json = Mapping[str, Any]
Child = str | Markup | None

VOID = frozenset({"br", "hr", "img", "input"})
LINK_SCHEMES = frozenset({"http", "https", "mailto"})


def tag(name: str, /, *children: Child, **attributes: str | bool | float | None) -> Markup:
    """One element; `class_` and `data_value` become `class` and `data-value`; None and False leave an attribute out."""
    opening = Markup("<%s%s>") % (Markup(name), join(_attribute(key, value) for key, value in attributes.items()))  # noqa: S704 - a constant of ours
    if name in VOID:
        return opening
    return opening + join(children) + Markup("</%s>") % Markup(name)  # noqa: S704 - a constant of ours


def join(parts: Iterable[Child], between: str = "") -> Markup:
    """The parts in a row, each escaped unless it is markup already."""
    return escape(between).join(escape(part) for part in parts if part is not None)


def lines(text: str) -> Markup:
    """Plain text with its line breaks kept."""
    return join((escape(line) for line in text.split("\n")), Markup("<br>"))


def link(url: object, label: Child, class_: str = "link") -> Markup:
    """A link that opens beside the page, or only its label when the address is not http, https or mailto."""
    address = safe_url(url)
    if address is None:
        return tag("span", label, class_="link refused", title="This address is not a web or mail link")
    return tag("a", label, href=address, target="_blank", rel="noopener noreferrer", class_=class_)


def safe_url(url: object) -> str | None:
    """The address when a browser may follow it, else None; control characters are not forgiven."""
    if not isinstance(url, str) or any(ord(letter) <= ord(" ") for letter in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme.lower() not in LINK_SCHEMES or (parts.scheme.lower() != "mailto" and not parts.netloc):
        return None
    return url


def own_or_safe(url: object) -> str | None:
    """As `safe_url`, and paths of this workspace too (`/files/...`): files it keeps itself."""
    if isinstance(url, str) and url.startswith("/") and not url.startswith(("//", "/\\")) and url.isprintable():
        return url
    return safe_url(url)


def _attribute(key: str, value: str | bool | float | None) -> Markup:  # noqa: FBT001 - a bare attribute is a boolean
    if value is None or value is False:
        return Markup("")
    name = Markup(key.strip("_").replace("_", "-"))  # noqa: S704 - a keyword of ours
    if value is True:
        return Markup(" %s") % name
    return Markup(' %s="%s"') % (name, _printable(str(value)))


def _printable(text: str) -> str:
    return text.replace("\x00", "\ufffd")
