"""Faces drawn as SVG: initials on the person's colour, containers on a hook for the app. No picture is fetched."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from bot.workspace.page.render.html import tag

COLOR = re.compile(r"[0-9a-fA-F]{6}")
NEUTRAL = "5b6b7f"


def avatar(person: Mapping[str, Any]) -> Markup:
    """The face of a person or the app; silent to screen readers, the name stands beside it."""
    inside = _app() if person.get("is_bot") else _initials(str(person.get("name") or "?"))
    given = str(person.get("color") or "").lstrip("#")
    fill = "0f4c5c" if person.get("is_bot") else given if COLOR.fullmatch(given) else NEUTRAL
    return tag(
        "svg",
        tag("rect", width=36, height=36, rx=9, fill=f"#{fill}"),
        inside,
        class_="avatar",
        viewBox="0 0 36 36",
        aria_hidden="true",
    )


def _initials(name: str) -> Markup:
    letters = "".join(word[0] for word in name.split()[:2]).upper() or "?"
    return tag("text", letters, x=18, y=23.5, text_anchor="middle", fill="#ffffff")


def _app() -> Markup:
    return Markup("").join(
        [
            tag("path", d="M18 5v5M12 14l6-4 6 4", stroke="#ffffff", stroke_width=1.8, fill="none"),
            tag("rect", x=9, y=14, width=18, height=7, rx=1.5, fill="#f4a261"),
            tag("rect", x=9, y=22.5, width=8.3, height=7, rx=1.5, fill="#ffffff"),
            tag("rect", x=18.7, y=22.5, width=8.3, height=7, rx=1.5, fill="#7fd1c7"),
        ]
    )
