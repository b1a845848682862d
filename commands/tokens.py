"""A message as words: what people, phones and Slack do to text is undone here, before any grammar looks at it."""

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice

_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        "\u00a0": " ",
        "\u2026": "...",
        **dict.fromkeys("\u2192\u21d2\u27a1", "->"),
        "`": " ",
    }
)
_DASH = re.compile(r"(?<!\S)\u2014(?=\w)")
"""Phones write it for the two hyphens of an option; between words it is a dash."""
_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|]*)\|([^<>]*)>")
_BARE_LINK = re.compile(r"<(?:(https?://[^<>|]*)|mailto:([^<>|]*))>")
_NAMED = re.compile(r"<([#!])[^<>|]*\|([#@]?)([^<>]*)>")
_CODE = re.compile(r"`+([^`]*)`+")
_ENDS = ".,;:!?\"'*()"
REASONS = frozenset({"because", "porque", "pq", "pois", "reason", "motivo"})
"""Behind these it is somebody's reason."""
_REASON = re.compile(rf"(?<!\S)(?:{'|'.join(sorted(REASONS))})\b", re.IGNORECASE)
_WORD = re.compile(
    r"""
      (?P<option>-{0,2}[^\W\d_][\w-]*=)(?=\S)      # name= before its value
    | (?P<comma>,)
    | (?P<quoted>"[^"]*"|'[^']*')(?=[\s,.;:!?)]|$)
    | [^\s,]+
    """,
    re.VERBOSE,
)
_VARIABLE = re.compile(r"(?<!\S)[A-Z0-9_]+=$")
"""What stands right before a value, where that is of a variable."""
_LONGEST_NAME = 256
LONGEST = 64
"""Words of a message that are looked at one by one; only a reason may go on after them."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word as it was typed, where it stands, and the form in which it is compared."""

    text: str
    start: int
    quoted: bool = False
    """It stood in quotes: it is a value, never a word of the language."""
    folded: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Fold once."""
        object.__setattr__(self, "folded", fold(self.text))

    @property
    def word(self) -> str:
        """What was meant: without the punctuation that ends a sentence."""
        return self.text if self.quoted else _without_ends(self.text) or self.text

    @property
    def silent(self) -> bool:
        """True for dashes, arrows, smileys: what stands between words and is none."""
        if self.quoted or len(self.text) > _LONGEST_NAME:
            return False
        return _EMOJI.fullmatch(self.text) is not None or all(map(_is_silent, self.text))


def _without_ends(word: str) -> str:
    """Take off the punctuation of a sentence, but no bracket that closes one within: `fix(login)`."""
    bare = word.strip(_ENDS)
    return bare + ")" if bare.count("(") == bare.count(")") + 1 and f"{bare})" in word else bare


_EMOJI = re.compile(r":[a-z0-9_+-]+:[.,!]*")
_SILENT = frozenset("-\u2014.,;:!?*_~()[]'\"=>")
_PICTURES = ("So", "Sk", "Mn", "Cn")


def _is_silent(character: str) -> bool:
    return character in _SILENT or (not character.isascii() and unicodedata.category(character) in _PICTURES)


def fold(word: str) -> str:
    """Give the form in which words are compared: `Homologação,` and `homologacao` are the same."""
    if len(word) > _LONGEST_NAME:
        return word
    plain = word.lower()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    if plain.startswith("_") and plain.endswith("_"):
        plain = plain.strip("_")
    return plain.strip(_ENDS) or plain


def typed(text: str) -> str:
    """Undo what Slack does to a message: give what was typed, without its links and entities. Once, where it comes in.

    A link is what it shows; one in somebody's reason keeps its address beside that.
    """
    reason = _REASON.search(text)
    begins = reason.start() if reason else len(text)
    unlinked = _LINK.sub(lambda link: _link(link[1], link[2], whole=link.start() > begins), text)
    unlinked = _BARE_LINK.sub(lambda link: link[1] or link[2], unlinked)
    named = _NAMED.sub(lambda name: (name[2] or "#" if name[1] == "#" else "@") + name[3].lstrip("@#"), unlinked)
    # the ampersand last, else `&amp;lt;` would become `<`
    return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _link(address: str, shown: str, *, whole: bool) -> str:
    return f"{shown} ({address})" if whole and shown and not address.rstrip("/").endswith(shown.rstrip("/")) else shown


def tidy(text: str) -> str:
    """Undo what phones do to text: smart quotes, long dashes, code marks, bold and italics."""
    plain = unicodedata.normalize("NFC", _CODE.sub(r"\1", text))
    bare = _DASH.sub("--", plain).translate(_MARKS).strip()
    return unquoted(bare) if bare[:1] in ("_", "*") else bare


def unquoted(text: str) -> str:
    """Take off the quotes around the whole of a text, or the marks of bold and italics."""
    if len(text) <= 2 or text[0] != text[-1]:  # noqa: PLR2004 - both quotes
        return text
    inner = text[1:-1]
    return inner.strip() if text[0] in "_*" or (text[0] in "\"'" and text[0] not in inner) else text


def tokens(text: str, limit: int = LONGEST) -> tuple[Token, ...]:
    """Split a tidied message into words: the first `limit`, and one more when there is more."""
    return tuple(_token(found, text) for found in islice(_WORD.finditer(text), limit + 1))


def _token(found: re.Match[str], text: str) -> Token:
    if found["quoted"]:
        return Token(found[0][1:-1], found.start(), quoted=True)
    if _VARIABLE.search(text, 0, found.start()):
        return Token(found[0].rstrip(".,;:!?") or found[0], found.start(), quoted=True)  # `FLAG=no` says no `no`
    return Token(found[0], found.start())
