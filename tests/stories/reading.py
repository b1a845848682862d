"""What people read: the words and buttons of a message, as plain lists."""

from collections.abc import Collection, Iterator
from typing import Any

Json = dict[str, Any]
_UNSEEN = frozenset({"type", "action_id", "block_id", "task_id", "status", "style", "value", "confirm"})


def words(surface: Json) -> str:
    """Give all that a message or view shows, one text a line, as Slack's markup has it."""
    return "\n".join(texts({key: surface[key] for key in ("text", "blocks") if key in surface}))


def texts(value: Any, unseen: Collection[str] = _UNSEEN) -> Iterator[str]:
    """Give the texts in a part of a message or view, but for those under the names that are `unseen`."""
    if isinstance(value, str):
        yield value
    if isinstance(value, list):
        for each in value:
            yield from texts(each, unseen)
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in unseen:
                yield from texts(each, unseen)


def buttons(surface: Json) -> dict[str, tuple[str, Json]]:
    """Give the buttons by label: the block's id, and the element."""
    return {
        element["text"]["text"]: (str(block["block_id"]), element)
        for block in surface.get("blocks", ())
        for element in block.get("elements", ())
        if element.get("type") == "button"
    }


def choices(surface: Json) -> dict[str, tuple[str, Json, str]]:
    """Give what the menus behind three dots offer, by label: the block's id, the element, and what is asked."""
    return {
        option["text"]["text"]: (str(block["block_id"]), element, str(option["value"]))
        for block in surface.get("blocks", ())
        for element in [*block.get("elements", ()), *filter(None, [block.get("accessory")])]
        if element.get("type") == "overflow"
        for option in element["options"]
    }


def tasks(card: Json) -> dict[str, str]:
    """Give the tasks of a plan card: title -> status."""
    found = [task for block in card["blocks"] if block["type"] == "plan" for task in block["tasks"]]
    return {task["title"]: task["status"] for task in found}


def key_of(message: Json) -> str:
    """Give the key by which the bot knows a message of its own: `hello-1/card`."""
    return str(_payload(message).get("key", ""))


def status_of(message: Json) -> str:
    """Give the status that a card or a reply carries."""
    return str(_payload(message).get("status", ""))


def run_of(message: Json) -> str:
    """Give the run that a message is about."""
    return str(_payload(message).get("run", ""))


def _payload(message: Json) -> Json:
    return dict((message.get("metadata") or {}).get("event_payload") or {})
