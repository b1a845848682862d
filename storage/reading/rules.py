"""What an environment says of its approvals: a number, or a rule of its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from storage.model.catalog import ApprovalRule, Environment
from storage.reading.document import Item

Who = Callable[[Item], tuple[str, ...]]


def approvals(item: Item, place: Environment, who: Who) -> Environment:
    """Read `approvals` of an environment."""
    if item.is_text:
        return replace(place, approvals=item.whole())
    readers: Mapping[str, Callable[[Item], Any]] = {
        "needed": Item.positive,
        "from": who,
        "exclude": _excluded,
        "expires": Item.seconds,
        "remind": Item.seconds,
        "escalate": lambda entry: _escalate(entry, who),
        "reuse": Item.seconds,
        "second_factor": lambda entry: entry.choice(["totp"]) == "totp",
    }
    read = item.record(readers)
    after, to = read.get("escalate", (None, ()))
    rule = ApprovalRule(
        of=read.get("from", ()),
        without_authors="authors" in read.get("exclude", ()),
        remind=read.get("remind"),
        escalate_after=after,
        escalate_to=to,
        reuse=read.get("reuse", 0),
        second_factor=read.get("second_factor", False),
    )
    expires = read.get("expires", place.approval_ttl)
    return replace(place, approvals=read.get("needed", 1), approval_ttl=expires, approval=rule)


def _excluded(item: Item) -> tuple[str, ...]:
    return tuple(entry.choice(["requester", "authors"]) for entry in item.items())


def _escalate(item: Item, who: Who) -> tuple[int | None, tuple[str, ...]]:
    read = item.record({"after": Item.seconds, "to": who}, ["after", "to"])
    return read.get("after"), read.get("to", ())
