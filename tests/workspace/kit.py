"""Pieces of blocks that the tests show."""

from typing import Any


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


CHOICE = {
    "type": "static_select",
    "action_id": "environment",
    "options": [{"text": plain(name), "value": name} for name in ("homolog", "production")],
    "initial_option": {"text": plain("homolog"), "value": "homolog"},
}
