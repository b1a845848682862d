"""Dataclasses to JSON text and back, by their type hints. Strict: what does not fit is an error that says where."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from storage.model.catalog import Json

T = TypeVar("T")
_SCALARS = (str, int, float, bool, type(None))


class Unreadable(ValueError):  # noqa: N818 - says what the text is
    """The JSON does not describe the type asked for; the message names the place."""


def canonical(value: Any) -> str:
    """Write JSON in the one way that hashes rely on: sorted keys, no spaces, UTF-8 unescaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def dump(value: Any) -> str:
    """Write a dataclass as canonical JSON."""
    return canonical(plain(value))


def load(kind: type[T], text: str) -> T:
    """Read what `dump` wrote. Raises `Unreadable`."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from error
    return typing.cast("T", _build(kind, raw, kind.__name__))


def plain(value: Any) -> Json:
    """Turn dataclasses, enumerations, times, tuples and mappings into what JSON knows."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, _SCALARS):
        return value
    if dataclasses.is_dataclass(value):
        said = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: plain(each) for field, each in said if each or not field.metadata.get("later")}
    if isinstance(value, Mapping):
        return {_name(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"cannot write a {type(value).__name__} as JSON")


def _name(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be text, not {type(key).__name__}")
    return str(key)


def _build(kind: Any, raw: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, raw, where)
    if kind is Any or kind in _open_ended():
        return raw
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is None:
        return _scalar(kind, raw, where)
    return _composite(origin, arguments, raw, where)


def _composite(origin: Any, arguments: tuple[Any, ...], raw: Any, where: str) -> Any:
    if origin in (types.UnionType, typing.Union):
        return _either(arguments, raw, where)
    if origin is tuple:
        return _row(arguments, raw, where)
    if origin is list:
        return [_build(arguments[0], item, f"{where}[{n}]") for n, item in enumerate(_expect(list, raw, where))]
    if origin in (dict, Mapping):
        return {key: _build(arguments[1], item, f"{where}.{key}") for key, item in _expect(dict, raw, where).items()}
    raise TypeError(f"{where}: no way to read a {origin}")


def _record(kind: type, raw: Any, where: str) -> Any:
    given, hints = _expect(dict, raw, where), _hints(kind)
    if unknown := sorted(given.keys() - hints.keys()):
        raise Unreadable(f"{where}: {kind.__name__} has no {', '.join(unknown)}")
    built = {name: _build(hints[name], item, f"{where}.{name}") for name, item in given.items()}
    try:
        return kind(**built)
    except TypeError as error:
        raise Unreadable(f"{where}: {error}") from error


def _either(kinds: tuple[Any, ...], raw: Any, where: str) -> Any:
    """Read an optional value (`X | None`), the only union that the nouns use besides `Json`."""
    if raw is None and type(None) in kinds:
        return None
    inner = [kind for kind in kinds if kind is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"{where}: cannot choose between {inner}")
    return _build(inner[0], raw, where)


def _row(kinds: tuple[Any, ...], raw: Any, where: str) -> tuple[Any, ...]:
    items = _expect(list, raw, where)
    if kinds[-1:] == (Ellipsis,):
        return tuple(_build(kinds[0], item, f"{where}[{n}]") for n, item in enumerate(items))
    if len(items) != len(kinds):
        raise Unreadable(f"{where}: {len(kinds)} items expected, not {len(items)}")
    return tuple(_build(kind, item, f"{where}[{n}]") for n, (kind, item) in enumerate(zip(kinds, items, strict=True)))


def _scalar(kind: Any, raw: Any, where: str) -> Any:
    if kind is datetime or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        try:
            return _read_text(kind, raw)
        except (TypeError, ValueError) as error:
            raise Unreadable(f"{where}: {error}") from error
    if kind is float and type(raw) is int:
        return float(raw)
    return _expect(kind, raw, where)


def _read_text(kind: Any, raw: Any) -> Any:
    return datetime.fromisoformat(raw) if issubclass(kind, datetime) else kind(raw)


def _expect(kind: type[T], raw: Any, where: str) -> T:
    # exactly: in Python True is an int, in JSON it is not
    if type(raw) is not kind:
        raise Unreadable(f"{where}: {kind.__name__} expected, not {type(raw).__name__}")
    return raw


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _open_ended() -> tuple[Any, ...]:
    """Give the spellings of `Json`, which is any JSON: the alias, and what its text resolves to."""

    @dataclasses.dataclass
    class Probe:
        value: Json

    return (Json, typing.get_type_hints(Probe)["value"])
