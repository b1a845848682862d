"""The pipelines of a service as the file writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.model.catalog import Environment, Mode, Pipeline, Stage
from storage.model.soundness import flaws
from storage.reading.actions import Actions
from storage.reading.document import NAME, NAMING, Item
from storage.reading.pipeline import beginnings, default

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class _Written:
    """Stages, and where the file says each of their actions."""

    stages: tuple[Stage, ...]
    items: Mapping[tuple[str, str], Item] = field(default_factory=dict)


def pipelines(entry: Item, places: Mapping[str, Environment], actions: Actions) -> dict[str, Pipeline]:
    """Read all pipelines of a service, the default one first."""
    parts = entry.entries()
    listed = parts["pipelines"].entries() if "pipelines" in parts else {}
    if "pipeline" in parts and DEFAULT in listed:
        listed[DEFAULT].problem("is the default pipeline, which stands under pipeline already")
    items: dict[str, Item | None] = {name: item for name, item in listed.items() if name != DEFAULT}
    if "pipeline" in parts or not listed:
        items = {DEFAULT: parts.get("pipeline"), **items}
    elif DEFAULT in listed:
        items = {DEFAULT: listed[DEFAULT], **items}
    for name, item in listed.items():
        if not NAME.fullmatch(name):
            item.problem(f"{name!r} is no name: {NAMING}")
    _check_parts(parts, items)
    first = next(iter(beginnings(places)), None)
    found = {name: _pipeline(name, item, entry, places, actions, first) for name, item in items.items()}
    standard = items.get(DEFAULT)
    if DEFAULT in items and _is_automatic(_stages_of(standard)):
        for other in beginnings(places)[1:]:
            found.setdefault(other.name, _pipeline(other.name, standard, entry, places, actions, other))
    return found


def _stages_of(item: Item | None) -> Item | None:
    return item.entries().get("stages") if item is not None and item.is_mapping else item


def _pipeline(
    name: str,
    item: Item | None,
    entry: Item,
    places: Mapping[str, Environment],
    actions: Actions,
    first: Environment | None,
) -> Pipeline:
    mode, stages = Mode.QUEUED, item
    if item is not None and item.is_mapping:
        read = item.record({"mode": lambda each: each.choice(Mode), "stages": lambda _each: None})
        mode = Mode(read["mode"]) if read.get("mode") in set(Mode) else mode
        stages = _stages_of(item)
    if stages is not None and stages.is_text:
        stages.choice([DEFAULT])
    written = _automatic(entry, places, actions, first) if _is_automatic(stages) else _own(stages, actions)
    for flaw in flaws(written.stages, places, actions.kinds):
        place = written.items.get((flaw.stage, flaw.action), item or entry)
        place.at(flaw.path).problem(flaw.what)
    return Pipeline(name=name, stages=written.stages, mode=mode)


def _is_automatic(stages: Item | None) -> bool:
    return stages is None or stages.is_text


def _check_parts(parts: Mapping[str, Item], items: Mapping[str, Item | None]) -> None:
    """Note a `build` or `tests` that no pipeline uses."""

    def uses_them(item: Item | None) -> bool:
        return _is_automatic(_stages_of(item))

    if not any(uses_them(item) for item in items.values()):
        for key in ("build", "tests"):
            if key in parts:
                parts[key].problem("belongs to the default pipeline, and this service has its own")


def _automatic(entry: Item, places: Mapping[str, Environment], actions: Actions, first: Environment | None) -> _Written:
    parts = entry.entries()
    building = parts.get("build") or entry.without("build")
    build = actions.one(building, name="image", uses="dockerfile")
    tests = actions.many(parts["tests"], uses="command") if "tests" in parts else ()
    listed = zip(tests, parts["tests"].items(), strict=True) if tests else ()
    items = {("build", "image"): building, **{("test", test.name): item for test, item in listed}}
    return _Written(default(build, tests, first, places) if first else (), items)


def _own(item: Item | None, actions: Actions) -> _Written:
    if item is None:
        return _Written(())
    stages = actions.stages(item)
    items = {
        (stage.name, action.name): each
        for stage, written in zip(stages, item.items(), strict=True)
        if stage.actions
        for action, each in zip(stage.actions, written.entries()["actions"].items(), strict=True)
    }
    return _Written(stages, items)
