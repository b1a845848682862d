"""What AWS's own models say of values and the SDK leaves to AWS: words, patterns, how long and how many at most."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_NUMBERS = {"integer", "long", "float", "double"}


def wrong_in(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Say of each value what the model does not allow."""
    if isinstance(shape, StructureShape):
        yield from _in_members(shape, value, path)
    elif isinstance(shape, MapShape):
        for key, each in value.items():
            yield from wrong_in(shape.key, key, f"{path} (a key)")
            yield from wrong_in(shape.value, each, f"{path}.{key}")
    elif isinstance(shape, ListShape):
        for each in value:
            yield from wrong_in(shape.member, each, path)
    elif isinstance(shape, StringShape):
        yield from _in_text(shape, value, path)
    yield from _in_size(shape, value, path)


def _in_members(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, each in value.items():
        yield from wrong_in(shape.members[name], each, f"{path}.{name}")


def _in_text(shape: StringShape, value: str, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, which is none of {shape.enum}"
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{path} is {value!r}, which does not match {pattern}"


def _in_size(shape: Shape, value: Any, path: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is None:
        return
    size = value if shape.type_name in _NUMBERS else len(value)
    if size > most:
        yield f"{path} is {size} long, or large, and {most} is the most"


@cache
def _compiled(pattern: str) -> Any:
    """The models are written for Java, whose classes of letters (`\\p{L}`) Python itself does not know."""
    return regex.compile(pattern)
