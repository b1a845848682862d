"""What Terraform says, as people and Estiva need it: its machine-readable lines, and its plan as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runners import records
from runners.contract import Sink
from storage.model.worded import worded

_HIDDEN = "***"
_SHORTEST = 4


@dataclass(slots=True)
class Told:
    """Takes the output of one command: says to `sink` what people read, and remembers errors and outputs."""

    sink: Sink
    kept: Path
    """A private file for the outputs: whoever finds that the command has ended already was not told them."""
    secrets: Sequence[str] = ()
    errors: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, str]:
        """What the configuration hands on, once it was applied."""
        return records.recall(self.kept)

    def line(self, text: str) -> None:
        """Take one line, be it JSON or not."""
        event = _event(text)
        if event is None:
            self.say(text)
            return
        if event.get("type") == "outputs":
            records.keep(self.kept, dict(_plain(event.get("outputs", {}))))
            return
        self.say(str(event.get("@message", "")))
        diagnostic = event.get("diagnostic")
        if isinstance(diagnostic, dict):
            self._diagnose(diagnostic)

    def say(self, text: str) -> None:
        """Hand a line on, without what is secret."""
        self.sink.line(self.masked(text))

    def masked(self, text: str) -> str:
        """Give a text without what is secret."""
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN) if len(secret) >= _SHORTEST else text
        return text

    def _diagnose(self, diagnostic: Mapping[str, Any]) -> None:
        place, detail = diagnostic.get("range") or {}, str(diagnostic.get("detail", ""))
        if place:
            self.say(f"  {place.get('filename')}:{(place.get('start') or {}).get('line')}")
        for line in detail.splitlines():
            self.say(f"  {line}")
        if diagnostic.get("severity") == "error":
            address = diagnostic.get("address")
            text = f"{address}: {diagnostic.get('summary')}" if address else str(diagnostic.get("summary"))
            self.errors.append(self.masked(text))


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan would do to one resource."""

    raw: Mapping[str, Any]

    @property
    def actions(self) -> frozenset[str]:
        """`create`, `update`, `delete`, `forget`; `create` and `delete` together are a replacement."""
        return frozenset(self.raw["change"]["actions"]) - {"no-op", "read"}

    @property
    def replaces(self) -> bool:
        """Tell whether it takes the resource away, and makes a new one."""
        return self.actions == {"create", "delete"}

    @property
    def danger(self) -> int:
        """Sort what takes something away first."""
        order = ({"delete"}, {"create", "delete"}, {"forget"}, {"update"}, {"create"})
        return order.index(set(self.actions)) if self.actions in order else 0

    @property
    def line(self) -> str:
        """Say it: resource, what happens to it, and because of which arguments; never a value."""
        names = {"address": self.raw.get("address", ""), "properties": ", ".join(self._properties()) or "-"}
        if self.replaces:
            return worded("replace {address}, because of {properties}", **names)
        match sorted(self.actions):
            case ["create"] if self.raw["change"].get("importing"):
                return worded("take over {address}", **names)
            case ["create"]:
                return worded("add {address}", **names)
            case ["delete"]:
                return worded("remove {address}", **names)
            case ["forget"]:
                return worded("let go of {address}, which stays", **names)
            case _:
                return worded("change {address}: {properties}", **names)

    def _properties(self) -> list[str]:
        change = self.raw["change"]
        if self.replaces and change.get("replace_paths"):
            return sorted({str(path[0]) for path in change["replace_paths"] if path})
        before, after = change.get("before") or {}, change.get("after") or {}
        unknown = change.get("after_unknown") or {}
        return sorted(n for n in {*before, *after, *unknown} if before.get(n) != after.get(n) or unknown.get(n) is True)


def changes(plan: str) -> list[Change]:
    """Read `show -json` of a plan; what takes something away comes first. Raises `ValueError` for what is no plan."""
    known = json.loads(plan)
    found = [Change(each) for each in known.get("resource_changes", [])]
    return sorted((one for one in found if one.actions), key=lambda one: (one.danger, one.raw.get("address", "")))


def _event(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "@message" in event else None


def _plain(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, each in raw.items():
        if not each.get("sensitive") and "value" in each:
            value = each["value"]
            yield name, value if isinstance(value, str) else json.dumps(value)
