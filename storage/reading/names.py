"""Words that mean a service or an environment: each may mean one thing only."""

import unicodedata
from collections.abc import Iterator, Mapping

from storage.reading.document import Item


def folded(word: str) -> str:
    """Give a word as people compare it: without case and accents."""
    plain = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def check(*sections: Item | None) -> None:
    """Note every name and alias that means two things, over services and environments together."""
    taken: dict[str, tuple[str, int]] = {}
    for section in sections:
        for owner, item, word in _words(section):
            first, line = taken.setdefault(folded(word), (owner, item.line))
            if first != owner:
                item.problem(f"{word!r} already means {first} (line {line})")


def _words(section: Item | None) -> Iterator[tuple[str, Item, str]]:
    for name, thing in (section.entries() if section else {}).items():
        yield thing.path, thing, name
        entries: Mapping[str, Item] = thing.entries()
        if "aliases" in entries:
            for alias in entries["aliases"].items():
                if alias.is_text:
                    yield thing.path, alias, alias.text()
