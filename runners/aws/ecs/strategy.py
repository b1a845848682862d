"""How a deployment of ECS goes, as the catalog says it: rolling, blue/green, linear or canary, with its hooks."""

import re
from collections.abc import Mapping
from typing import Any

from runners import options
from storage.model.catalog import Json

ROLLING = "ROLLING"
_TYPES = {"rolling": ROLLING, "blue_green": "BLUE_GREEN", "linear": "LINEAR", "canary": "CANARY"}
_STAGES = (
    *("reconcile_service", "pre_scale_up", "post_scale_up", "test_traffic_shift", "post_test_traffic_shift"),
    *("pre_production_traffic_shift", "production_traffic_shift", "post_production_traffic_shift"),
)
_PAUSES = tuple(stage for stage in _STAGES if stage not in ("test_traffic_shift", "production_traffic_shift"))
"""Stages at which ECS lets a deployment pause."""
_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w:$-]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
_MINUTES, _PAUSE = 1440, 20_160
_LEAST_STEP, _LEAST_CANARY, _ALL = 3.0, 0.1, 100.0
_OF = ("canaryConfiguration", "linearConfiguration", "lifecycleHooks", "bakeTimeInMinutes")
"""What belongs to a strategy, and goes with it when another is declared."""


def problem(value: Json) -> str | None:
    """Say what a strategy should be."""
    if not isinstance(value, dict):
        return "a mapping such as {type: canary, percent: 10, wait: 10, bake: 15}"
    wrong = options.problems(value, _KNOWN, ("type",)) or _unfit(value)
    return "; ".join(wrong) if wrong else None


def configured(value: Json, known: Mapping[str, Any], *, waits: bool = True) -> dict[str, Any]:
    """Give the deployment configuration of a service with the declared strategy in place of the one it has.

    What else it says (circuit breaker, alarms, percentages) stays. `waits`: false leaves the pauses out.
    """
    if not isinstance(value, dict):
        return {}
    given = {name: each for name, each in known.items() if name not in _OF}
    kind = _TYPES[str(value["type"])]
    given["strategy"] = kind
    if kind != ROLLING:
        given["bakeTimeInMinutes"] = value.get("bake", 15)
    if kind == "CANARY":
        given["canaryConfiguration"] = _filled(
            canaryPercent=value.get("percent"), canaryBakeTimeInMinutes=value.get("wait")
        )
    if kind == "LINEAR":
        given["linearConfiguration"] = _filled(
            stepPercent=value.get("percent"), stepBakeTimeInMinutes=value.get("wait")
        )
    hooks = [*_pauses(value), *_lambdas(value)] if waits else _lambdas(value)
    return given | ({"lifecycleHooks": hooks} if hooks else {})


def strategy_of(settings: Mapping[str, Any]) -> str:
    """Give the strategy of a deployment configuration."""
    return str(settings.get("strategy", ROLLING))


def _filled(**values: Json) -> dict[str, Json]:
    return {name: float(each) if "Percent" in name else each for name, each in values.items() if _is_number(each)}  # type: ignore[arg-type]


def _pauses(value: Mapping[str, Json]) -> list[dict[str, Any]]:
    stages = [stage.upper() for stage in options.words(value.get("pauses"))]
    timeout = {"timeoutInMinutes": value.get("pause_timeout", _MINUTES), "action": "ROLLBACK"}
    return [{"targetType": "PAUSE", "lifecycleStages": stages, "timeoutConfiguration": timeout}] if stages else []


def _lambdas(value: Mapping[str, Json]) -> list[dict[str, Any]]:
    listed = value.get("hooks")
    hooks = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [
        {
            "targetType": "AWS_LAMBDA",
            "hookTargetArn": each["lambda"],
            "roleArn": each["role"],
            "lifecycleStages": [stage.upper() for stage in options.words(each["stages"])],
        }
        for each in hooks
    ]


def _unfit(value: Mapping[str, Json]) -> list[str]:
    """Find keys that the type has no use for, and numbers that ECS does not take."""
    kind, found = value["type"], []
    none = {"rolling": set(_KNOWN) - {"type"}, "blue_green": {"percent", "wait"}}.get(str(kind), set())
    found += [f"{name} does not go with {kind}" for name in sorted(none & set(value))]
    least = _LEAST_STEP if kind == "linear" else _LEAST_CANARY
    percent = value.get("percent", _ALL)
    if isinstance(percent, int | float) and not least <= percent <= _ALL:
        found.append(f"percent: should be {least:g} to {_ALL:g}")
    return found


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _percent(value: Json) -> str | None:
    return None if _is_number(value) else "a number"


def _minutes(most: int, least: int = 0) -> options.Check:
    def check(value: Json) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if right else f"whole minutes, {least} to {most}"

    return check


def _stages(known: tuple[str, ...]) -> options.Check:
    def check(value: Json) -> str | None:
        right = isinstance(value, list) and value and set(options.words(value)) <= set(known)
        return None if right else f"a list of {', '.join(known)}"

    return check


def _hooks(value: Json) -> str | None:
    right = isinstance(value, list) and all(isinstance(each, dict) and _is_hook(each) for each in value)
    return None if right else "a list such as [{lambda: ARN, role: ARN, stages: [post_test_traffic_shift]}]"


def _is_hook(each: Mapping[str, Json]) -> bool:
    arns = _LAMBDA.fullmatch(str(each.get("lambda"))) and _ROLE.fullmatch(str(each.get("role")))
    return set(each) == {"lambda", "role", "stages"} and bool(arns) and _stages(_STAGES)(each["stages"]) is None


_KNOWN: Mapping[str, options.Check] = {
    "type": options.one_of(*_TYPES),
    "bake": _minutes(_MINUTES),
    "percent": _percent,
    "wait": _minutes(_MINUTES),
    "pauses": _stages(_PAUSES),
    "pause_timeout": _minutes(_PAUSE, 1),
    "hooks": _hooks,
}
