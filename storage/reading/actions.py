"""Actions and stages as the file writes them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from storage.model.catalog import Action, Json, OnFailure, Stage
from storage.model.kind import ENGINE_ERRORS, ByService, Kind
from storage.model.soundness import DO, LOOKING, nearest, only_looks
from storage.reading.document import Item, meant
from storage.reading.window import window

_NONE: Mapping[str, Json] = MappingProxyType({})

Kinds = Mapping[str, Kind]
"""Kind of action by what `uses` says."""


@dataclass(frozen=True, slots=True)
class Actions:
    """Reads actions; knows the kinds there are, when somebody told."""

    kinds: Kinds | None
    environments: Collection[str]
    services: Collection[str]

    def one(self, item: Item, name: str = "", uses: str = "", implied: Mapping[str, Json] = _NONE) -> Action:
        """Read one action. `name` and `uses` stand in when the file need not say them; `implied`: further options."""
        required = [key for key, given in (("name", name), ("uses", uses)) if not given]
        read = item.record(_ACTION, required)
        entries = item.entries()
        options = {**_options(entries.get("with")), **implied}
        kind = read.get("uses", uses)
        self.check(kind, options, entries.get("uses", item), entries.get("with", item))
        if "retry" in entries:
            self._check_errors(kind, entries["retry"].entries().get("on"))
            if "attempts" in entries:
                entries["attempts"].problem("stands inside retry when there is one")
        return Action(
            name=read.get("name", name),
            uses=kind,
            options=options,
            **{key: read[key] for key in _PLAIN if key in read},
            **read.get("retry", {}),
            on_failure=OnFailure(read["on_failure"]) if read.get("on_failure") in set(OnFailure) else OnFailure.ABORT,
        )

    def many(self, item: Item, uses: str = "") -> tuple[Action, ...]:
        """Read a list of actions with names of their own."""
        actions = [(entry, self.one(entry, uses=uses)) for entry in item.items()]
        _unique(actions, "action")
        return tuple(action for _, action in actions)

    def stages(self, item: Item) -> tuple[Stage, ...]:
        """Read a whole pipeline."""
        stages = [(entry, self._stage(entry)) for entry in item.items()]
        _unique(stages, "stage")
        if not stages:
            item.problem("has no stages")
        return tuple(stage for _, stage in stages)

    def check(self, kind: str, options: Mapping[str, Json], named: Item, given: Item) -> None:
        """Note a kind that there is not, and options that the kind does not take."""
        if self.kinds is None or not kind:
            return
        if kind not in self.kinds:
            named.problem(f"no kind of action is called {kind!r}{meant(kind, self.kinds)}")
            return
        for problem in [*self.kinds[kind].problems(options), *self._strangers(self.kinds[kind], options)]:
            given.problem(problem)

    def _strangers(self, kind: Kind, options: Mapping[str, Json]) -> Iterator[str]:
        """Find options that say something of services that there are not: nobody would ever miss what they say."""
        for name in kind.by_service if isinstance(kind, ByService) else ():
            said = options.get(name)
            for service in said if isinstance(said, dict) else ():
                if service not in self.services:
                    yield f"option {name}: there is no service {service!r}{meant(service, self.services)}"

    def _check_errors(self, kind: str, names: Item | None) -> None:
        """Note errors that an action of this kind never fails with: it would wait for them in vain."""
        if self.kinds is None or kind not in self.kinds or names is None:
            return
        known = {**self.kinds[kind].errors, **ENGINE_ERRORS}
        for name in names.items():
            if name.is_text and name.text() not in known:
                name.problem(f"{kind} never fails with {name.text()!r}{nearest(name.text(), sorted(known))}")

    def _stage(self, item: Item) -> Stage:
        read = item.record(
            {
                "stage": Item.name,
                "environment": lambda entry: entry.choice(self.environments),
                "approval": Item.flag,
                "pause": Item.flag,
                "window": window,
                "succeeded_in": lambda entry: entry.choice(self.environments),
                "looks": Item.flag,
                "actions": self.many,
            },
            ["stage"],
        )
        stage = Stage(
            name=read.pop("stage", ""),
            actions=read.pop("actions", ()),
            succeeded_in=read.pop("succeeded_in", "") or None,
            **read,
        )
        if stage.approval and stage.actions:
            item.problem("is an approval and so has no actions; put them into a stage after it")
        if not (stage.actions or stage.approval or stage.gated):
            item.problem("has no actions, and no gate to wait at")
        if stage.looks and not only_looks(stage):
            item.entries()["looks"].problem(f"is for stages whose actions all say {DO}: {' or '.join(sorted(LOOKING))}")
        return stage


def _options(item: Item | None) -> Mapping[str, Json]:
    value = item.json() if item is not None else None
    return value if isinstance(value, dict) else {}


def _retry(item: Item) -> dict[str, Any]:
    read = item.record({"attempts": Item.positive, "backoff": Item.seconds, "on": Item.texts}, ["attempts"])
    if "on" in read:
        read["retry_on"] = read.pop("on")
    return read


def _mapping(item: Item) -> None:
    item.entries()


def _unique(things: list[tuple[Item, Any]], what: str) -> None:
    lines: dict[str, int] = {}
    for item, thing in things:
        if thing.name and lines.setdefault(thing.name, item.line) != item.line:
            item.problem(f"a second {what} is called {thing.name!r} (first on line {lines[thing.name]})")


_PLAIN = ("run_order", "timeout", "attempts", "cancel_siblings")
_ACTION: Mapping[str, Callable[[Item], Any]] = {
    "name": Item.name,
    "uses": Item.text,
    "with": _mapping,
    "run_order": Item.positive,
    "timeout": Item.seconds,
    "attempts": Item.positive,
    "retry": _retry,
    "on_failure": lambda item: item.choice(OnFailure),
    "cancel_siblings": Item.flag,
}
