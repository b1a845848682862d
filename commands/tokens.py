"""A message as words: what people and Slack do to text is undone here, before any grammar looks at it."""

import re
import unicodedata
from dataclasses import dataclass

_QUOTES = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-", "\u00a0": " ", "`": " "}
)
_LINK = re.compile(r"<(?:https?://|mailto:)[^<>|]*\|([^<>]*)>")
_BARE_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|]*)>")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """One word as it was typed, where it began, and the form in which it is compared."""

    text: str
    start: int

    @property
    def folded(self) -> str:
        """Lower case, without accents, without the punctuation that ends a sentence."""
        return fold(self.text)


def fold(word: str) -> str:
    """Give the form in which words are compared: `Homologação,` and `homologacao` are the same."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).strip(".,;:!?\"'")


def tidy(text: str) -> str:
    """Undo what phones and Slack do to text: smart quotes, long dashes, back-ticks, automatic links."""
    unlinked = _BARE_LINK.sub(r"\1", _LINK.sub(r"\1", text))
    return unicodedata.normalize("NFC", unlinked).translate(_QUOTES).strip()


def tokens(text: str) -> tuple[Token, ...]:
    """Split a tidied message into words."""
    return tuple(Token(found[0], found.start()) for found in _WORD.finditer(text))
