"""A sentence that knows how it was made, so that it can be said again in the language of whoever reads it."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import reduce

from storage.model.catalog import Json

_FIELD = re.compile(r"\{(\w+)\}")


class Worded(str):
    """In English as it stands. `message` is the id of the text in the catalogs of languages, `values` fill its fields.

    A value may be such a sentence itself.
    """

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, str]


def worded(message: str, **values: object) -> Worded:
    """Make one: `worded("port {port} is taken", port=80)`. The message is a literal, found there for translation."""
    known = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
    made = Worded(_filled(message, known))
    made.message, made.values = message, known
    return made


def joined(parts: Iterable[str]) -> str:
    """Put several into one, apart by semicolons; empty ones are left out."""
    return reduce(lambda one, other: worded("{one}; {other}", one=one, other=other), [p for p in parts if p] or [""])


def parted(text: str) -> list[str]:
    """Take apart what `joined` has put into one."""
    if isinstance(text, Worded) and text.message == "{one}; {other}":
        return [*parted(text.values["one"]), *parted(text.values["other"])]
    return [text]


def in_words_of(say: Callable[..., str], text: str) -> str:
    """Say a text with `say`, which knows the language; one that nobody worded stays as it is."""
    if not isinstance(text, Worded):
        return text
    return say(text.message, **{name: in_words_of(say, value) for name, value in text.values.items()})


def data_of(**texts: str) -> dict[str, Json]:
    """Give texts as the data of an event: in English for whoever reads the trail, and under `worded` how they are made.

    Empty ones are left out of the latter, and so is whatever nobody worded.
    """
    made = {name: _described(text) for name, text in texts.items() if isinstance(text, Worded)}
    plain: dict[str, Json] = {name: str(text) for name, text in texts.items()}
    return {**plain, "worded": made} if made else plain


def text_of(data: Mapping[str, Json], name: str) -> str:
    """Read a text back from the data of an event; plain where it was written before there were words to it."""
    value, made = data.get(name), data.get("worded")
    plain = "" if value is None else str(value)
    described = made.get(name) if isinstance(made, dict) else None
    return _read(described) or plain if described is not None else plain


def data_of_lines(name: str, lines: Iterable[str]) -> dict[str, Json]:
    """Give lines as the data of an event: each as it is made, or as it stands where nobody worded it."""
    described: list[Json] = [_described(line) for line in lines]
    return {name: described} if described else {}


def lines_of(data: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """Read lines back from the data of an event."""
    lines = data.get(name)
    return tuple(_read(line) for line in lines) if isinstance(lines, list) else ()


def _filled(message: str, values: Mapping[str, str]) -> str:
    """Fill the fields in one pass: what is put in is never filled in again."""
    return _FIELD.sub(lambda field: values.get(field[1], field[0]), message)


def _described(text: str) -> Json:
    if not isinstance(text, Worded):
        return str(text)
    return {"message": text.message, "values": {name: _described(value) for name, value in text.values.items()}}


def _read(described: Json) -> str:
    if not isinstance(described, dict):
        return "" if described is None else str(described)
    values = described.get("values")
    parts = values if isinstance(values, dict) else {}
    return worded(str(described.get("message", "")), **{name: _read(value) for name, value in parts.items()})
