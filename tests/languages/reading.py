"""What the code says, read from its source."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import read_po

from commands.texts import LOCALES, PORTUGUESE

ROOT = Path(__file__).resolve().parents[2]
HOW = "see commands/locale/babel.cfg"
Message = str | tuple[str, ...]


def sources() -> Iterator[Path]:
    """The files in which people are spoken to."""
    for folder in ("commands", "bot/slack", "bot/runs"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield ROOT / "bot" / "intake.py"
    yield ROOT / "bot" / "workspace" / "page" / "words.py"


def workers() -> Iterator[Path]:
    """The files that speak to nobody, and word what is told to people later."""
    for folder in ("runners", "storage"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def said() -> dict[Message, Path]:
    """Every message id in the code, with a file that says it."""
    found: dict[Message, Path] = {}
    for path in (*sources(), *workers()):
        for _, message, _, _ in extract_from_file("commands.locale.extract:phrases", path, DEFAULT_KEYWORDS):
            found[tuple(message) if isinstance(message, list | tuple) else message] = path.relative_to(ROOT)
    return found


def catalog() -> Catalog:
    """The Portuguese catalog."""
    with (LOCALES / PORTUGUESE / "LC_MESSAGES" / "estiva.po").open("rb") as file:
        return read_po(file, locale=PORTUGUESE, abort_invalid=True)
