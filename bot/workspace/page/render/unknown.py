"""What this page cannot draw is shown as it came, folded and labelled: never silently dropped."""

import json

from markupsafe import Markup

from bot.workspace.page.render.html import tag


def unknown(block: object, why: str = "This page does not draw it") -> Markup:
    """A folded box with the JSON of a block."""
    kind = block.get("type") if isinstance(block, dict) else None
    return tag(
        "details",
        tag("summary", f"{kind or 'untyped'} block", tag("span", f" {why}", class_="quiet")),
        tag("pre", tag("code", json.dumps(block, indent=2, ensure_ascii=False, default=str)), tabindex=0),
        class_="unknown",
    )
