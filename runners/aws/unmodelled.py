"""Fields that the installed SDK does not know: it drops them from what AWS answers, and nobody would hear of it."""

import json
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

UNMODELLED = "EstivaUnmodelled"
"""Where the names of such fields stand in an answer, each with its path: `taskDefinition.cpuOptions`."""
_WATCHED = {"ecs": ("DescribeTaskDefinition",)}
"""Operations whose answers are given back to AWS: there a field that is dropped is lost."""


def watch(client: Any, service: str) -> None:
    """Have the answers of a client say what is not in them."""
    for operation in _WATCHED.get(service, ()):
        client.meta.events.register(f"before-parse.{service}.{operation}", _note)


def unmodelled(value: Any, shape: Any, at: str = "") -> Iterator[tuple[str, Sequence[str]]]:
    """Name the fields of a value that its model does not know, by their paths; each with those that it does there."""
    if shape.type_name == "list" and isinstance(value, list):
        for number, each in enumerate(value):
            yield from unmodelled(each, shape.member, f"{at}[{number}]")
    if shape.type_name != "structure" or not isinstance(value, dict):
        return
    for name, each in value.items():
        path = f"{at}.{name}" if at else name
        if name in shape.members:
            yield from unmodelled(each, shape.members[name], path)
        else:
            yield path, list(shape.members)


def _note(operation_model: Any, response_dict: Any, customized_response_dict: dict[str, Any], **_more: Any) -> None:
    """Read an answer as it came, beside the SDK; what is put into the last dictionary it adds to what it has read."""
    try:
        answer = json.loads(response_dict["body"])
    except ValueError:  # the SDK reads it too, and says what is wrong with it
        return
    if response_dict["status_code"] == HTTPStatus.OK:
        found = unmodelled(answer, operation_model.output_shape)
        customized_response_dict[UNMODELLED] = [path[:200] for path, _ in found]
