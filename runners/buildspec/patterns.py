"""Regular expressions of Go's, which CodeBuild matches messages with, as `grep -E` takes them: every image has that."""

import re
import sys
from collections import deque
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    \\Q(?P<quoted>.*?)(?:\\E|$)
  | \\x\{(?P<long>[0-9A-Fa-f]{1,6})\} | \\x(?P<short>[0-9A-Fa-f]{2}) | \\(?P<octal>0[0-7]{0,2}|[1-7][0-7]{2})
  | \\(?P<escape>.)
  | \(\?(?:P?<\w+>|(?P<flags>[a-zA-Z-]*)(?P<ends>[:)]))
  | (?P<set>\[\^?+\]?+(?:\[:\^?\w*:\]|\\.|[^\]\\])*+\])
  | (?P<repeat>[*+?]|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\})\??
  | (?P<sign>\(\?|[()|^$.\[\\])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(r"(?P<named>\[:(?P<not>\^?)(?P<name>\w*):\])|\\(?P<escape>.)|(?P<plain>.)", re.DOTALL)
_SHORT = {"d": "0-9", "s": "[:space:]", "w": "0-9A-Za-z_"}
_CLASSES = {
    **{name: f"[:{name}:]" for name in ("alnum", "alpha", "blank", "cntrl", "digit", "graph")},
    **{name: f"[:{name}:]" for name in ("lower", "print", "punct", "space", "upper", "xdigit")},
    "word": _SHORT["w"],
}
_SAME = {"b": r"\b", "B": r"\B", "A": "^", "z": "$", "n": "[[:space:]]"}
"""A newline of a command is a space in the one line that its message is."""
_ANCHORS = ("^", "$", r"\b", r"\B")
_PLAIN = {"t": "\t", "f": "\f", "v": "\v", "a": "\a", "r": "\r"}
_SPECIAL = frozenset(r".[()*+?{|^$\\")
_SURROGATES = range(0xD800, 0xE000)
"""Halves of characters, which no file can hold."""
_MOST = 255
"""Times that every `grep` repeats something."""
_HARMLESS = frozenset("ismU")
"""Flags that change nothing, or (`i`) are known to `grep`: a message is one line, and whether it matches is all."""


class Untranslated(Exception):  # noqa: N818 - a fact about the pattern
    """It is a regular expression that `grep -E` has no words for; the text says which part."""


class Invalid(Untranslated):
    """It is none."""


class Extended(NamedTuple):
    """What `grep -E` is given."""

    pattern: str
    any_case: bool


def extended(pattern: str) -> Extended:
    """Write a pattern as an extended regular expression that matches the same lines. Raises `Untranslated`."""
    flags = re.match(r"\(\?([a-zA-Z]+)\)", pattern)
    any_case = False
    if flags:
        any_case = "i" in _known(flags[1])
        pattern = pattern[flags.end() :]
    pieces: list[str] = []
    depth, repeatable = 0, False
    for token in _TOKEN.finditer(pattern):
        piece = _piece(token, any_case=any_case)
        opens, closes = piece == "(", piece == ")"
        if token["repeat"] and not repeatable:
            raise Invalid(f"there is nothing that {token[0]} could repeat")
        if token["repeat"] and pieces[-1] in _ANCHORS:
            raise Untranslated(f"{token[0]} is not understood of a place between characters")
        depth += opens - closes
        if depth < 0:
            raise Invalid("a parenthesis is closed that is not open")
        if piece:
            repeatable = not (token["repeat"] or opens or piece == "|")
            pieces.append(piece)
    if depth:
        raise Invalid("a parenthesis is not closed")
    return Extended("".join(pieces), any_case)


def _piece(token: re.Match[str], *, any_case: bool) -> str:
    """Translate one token."""
    match token.lastgroup:
        case "quoted":
            found = "".join(map(_literal, token["quoted"]))
        case "long" | "short":
            found = _literal(_character(int(token["long"] or token["short"], 16), token[0]))
        case "octal":
            found = _literal(_character(int(token["octal"], 8), token[0]))
        case "escape":
            found = _escaped(token["escape"])
        case "set":
            found = _set(token["set"])
        case "repeat":
            found = _repeated(token)
        case "sign":
            found = _sign(token)
        case "other":
            found = _literal(token["other"])
        case _:
            found = _group(token, any_case=any_case)
    return found


def _sign(token: re.Match[str]) -> str:
    if token["sign"] in ("(?", "[", "\\"):
        raise Invalid(f"{token.string[token.start() :][:20]} is nothing that Go knows")
    return token["sign"]


def _group(token: re.Match[str], *, any_case: bool) -> str:
    if token["ends"] is None:
        return "("  # it has a name
    if token["ends"] == ")" or ("i" in _known(token["flags"]) and not any_case):
        raise Untranslated(f"{token[0]} is understood at the beginning only, as (?i)")
    return "("


def _known(flags: str) -> str:
    if not _HARMLESS.issuperset(flags):
        raise Untranslated(f"(?{flags[:20]}) is not understood")
    return flags


def _repeated(token: re.Match[str]) -> str:
    """Leave out that it should take as little as it can, which changes nothing of whether there is a match."""
    said = [each for each in (token["least"], token["most"]) if each]
    if any(len(each) > len(str(_MOST)) or int(each) > _MOST for each in said):
        raise Untranslated(f"{token[0][:20]} is more than {_MOST} times")
    if said != sorted(said, key=int):
        raise Invalid(f"{token[0]} is at most less often than at least")
    return token["repeat"]


def _escaped(character: str) -> str:
    if character.lower() in _SHORT:
        return f"[{'^' if character.isupper() else ''}{_SHORT[character.lower()]}]"
    if character in _SAME:
        return _SAME[character]
    return _literal(_plain(character))


def _plain(character: str) -> str:
    """Give the one character that an escaped one stands for."""
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isalnum() or not character.isascii():
        raise Untranslated(f"\\{character} is not understood")
    return character


def _character(code: int, said: str) -> str:
    if not 0 < code <= sys.maxunicode or code == ord("\n") or code in _SURROGATES:
        raise Untranslated(f"{said} is not understood")
    return chr(code)


def _literal(character: str) -> str:
    if character == "\n":
        return _SAME["n"]
    return f"\\{character}" if character in _SPECIAL else character


def _set(text: str) -> str:
    """Write a set without escapes, which have no meaning in one: what has a meaning there goes where it has none."""
    negated = text.startswith("[^")
    named, without, singles = _items(text[2 if negated else 1 : -1])
    if without:
        return _opposite(text, named, without, singles, negated=negated)
    if not named and singles == {"^"}:
        return "[^^]" if negated else r"\^"
    ends = "".join(each for each in "[^-" if each in singles)
    body = "]" * ("]" in singles) + "".join(named) + "".join(sorted(singles - set("]^[-"))) + ends
    return f"[{'^' if negated else ''}{body}]"


def _opposite(text: str, named: list[str], without: list[str], singles: set[str], *, negated: bool) -> str:
    """Write a set with the opposite of a class in it, if there is a way to."""
    if len(without) == 1 and not named and not singles:
        return f"[{'' if negated else '^'}{without[0]}]"
    if not negated and set(without) & set(named):
        return "."
    raise Untranslated(f"{text[:20]} is not understood")


def _items(text: str) -> tuple[list[str], list[str], set[str]]:
    """Take a set apart: classes and ranges, opposites of classes, and single characters."""
    named: list[str] = []
    without: list[str] = []
    singles: set[str] = set()
    tokens = deque(_ITEM.finditer(text))
    while tokens:
        token = tokens.popleft()
        short = _SHORT.get((token["escape"] or "").lower())
        if token["named"] or short:
            opposite = token["not"] or (token["escape"] or "").isupper()
            (without if opposite else named).append(short or _class(token))
        elif len(tokens) > 1 and tokens[0]["plain"] == "-":
            named.append(_range(_single(token), _single(tokens[1])))
            tokens.popleft()
            tokens.popleft()
        else:
            singles.add(_single(token))
    return named, without, singles


def _class(token: re.Match[str]) -> str:
    if token["name"] not in _CLASSES:
        raise Untranslated(f"{token[0][:20]} is not understood")
    return _CLASSES[token["name"]]


def _single(token: re.Match[str]) -> str:
    if token["named"] or (token["escape"] or "").lower() in _SHORT or token["escape"] in ("x", "n"):
        raise Untranslated(f"{token[0]} is not understood there")
    if "\n" in token[0]:  # `grep` would take what is before it and what comes after it for two patterns
        raise Untranslated("a line break is not understood there")
    return token["plain"] or _plain(token["escape"])


def _range(first: str, last: str) -> str:
    if {first, last} & set("[]^-\\") or first > last:
        raise Untranslated(f"{first}-{last} is no range that is understood")
    return f"{first}-{last}"
