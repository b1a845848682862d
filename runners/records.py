"""Small files in the workspace of a run, by which a process knows what the one before it had come to.

Written whole or not at all: what cannot be read was never written.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def recall(place: Path) -> dict[str, Any]:
    """Give what was kept last; empty when nothing was."""
    try:
        known = json.loads(place.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def keep(place: Path, known: Mapping[str, Any]) -> None:
    """Keep this, in place of what was kept before."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(f"{place}.new")
    fresh.write_text(json.dumps(known))
    fresh.replace(place)
