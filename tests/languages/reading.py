"""What the code says, read from its source."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.pofile import read_po

from commands.texts import LOCALES, PORTUGUESE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "bot" / "workspace" / "page"
HOW = "see commands/locale/babel.cfg"
Message = str | tuple[str, ...]
How = tuple[str, Mapping[str, Any], dict[str, str]]
"""Method of extraction, its keywords, its options."""
_SOURCES: How = ("commands.locale.extract:phrases", DEFAULT_KEYWORDS, {})
_TEMPLATES: How = ("jinja2", {"say": None, "counted": (1, 2)}, {"silent": "false"})


def sources() -> Iterator[Path]:
    """The files in which people are spoken to."""
    for folder in ("commands", "bot/slack", "bot/runs"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield ROOT / "bot" / "intake.py"


def drawing() -> Iterator[Path]:
    """The files that draw the local workspace's page: most of their literals are markup."""
    yield from sorted(PAGE.rglob("*.py"))


def templates() -> Iterator[Path]:
    """What pages are drawn with."""
    for folder in (PAGE, ROOT / "bot" / "runs"):
        yield from sorted(folder.rglob("*.html"))


def workers() -> Iterator[Path]:
    """The files that speak to nobody, and word what is told to people later."""
    for folder in ("runners", "storage"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def said() -> dict[Message, Path]:
    """Every message id in the code, with a file that says it."""
    found: dict[Message, Path] = {}
    for path in (*sources(), *drawing(), *workers(), *templates()):
        for message in said_in(path):
            found[message] = path.relative_to(ROOT)
    return found


def said_in(path: Path) -> Iterator[Message]:
    """The message ids in one file, found as `babel.cfg` has it."""
    method, keywords, options = _TEMPLATES if path.suffix == ".html" else _SOURCES
    for _, message, _, _ in extract_from_file(method, path, keywords, options=options):
        yield tuple(message) if isinstance(message, list | tuple) else message


def catalog() -> Catalog:
    """The Portuguese catalog."""
    with (LOCALES / PORTUGUESE / "LC_MESSAGES" / "estiva.po").open("rb") as file:
        return read_po(file, locale=PORTUGUESE, abort_invalid=True)
