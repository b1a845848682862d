"""What may happen in a simulated world: one entry per behaviour of a runner, shape of a pipeline, deed, fault.

Each seed takes some of them ("swarm testing": what is not there leaves room for what is). A new feature of the engine
is one more entry in the list that it belongs to.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from storage.model import artifact
from storage.model.catalog import Action, Environment, Mode, OnFailure, Service, Stage
from storage.model.run import Plan, Trigger
from storage.model.window import Window

T = TypeVar("T")

HOMOLOG = Environment(name="homolog", target="deploy")
PRODUCTION = Environment(name="production", production=True, approvals=1, target="deploy", approval_ttl=40)
STRICT = Environment(name="production", production=True, approvals=2, target="deploy", approval_ttl=40)

Options = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One world: how many, what, and what goes wrong."""

    workers: int
    shared: bool
    plans: Sequence[Plan]
    faults: frozenset[str]
    deeds: Sequence[str]
    trouble_until: float
    """From then on nothing goes wrong any more, and everything has to come to its end."""
    sweep: float


BEHAVIOURS: Mapping[str, tuple[int, Callable[[random.Random], Options]]] = {
    "sleeps": (10, lambda chance: {"sleep": chance.choice([0, 0.1, 1, 6])}),
    "fails": (1, lambda chance: {"sleep": chance.choice([0, 1]), "end": "failed"}),
    "fails, then succeeds": (
        2,
        lambda chance: {"end": "failed", "fails": chance.choice([1, 2, 3]), "retryable": True, "attempts": 3},
    ),
    "chatters": (1, lambda _: {"lines": 40, "sleep": 1}),
    "chatters and fails": (1, lambda _: {"lines": 40, "end": "failed"}),
    "crashes": (1, lambda _: {"end": "crashed"}),
    "hangs": (1, lambda _: {"sleep": 10_000, "timeout": 20}),
    "ignores a cancel": (1, lambda chance: {"deaf": True, "sleep": chance.choice([3, 30])}),
    "kills us": (1, lambda _: {"fatal": True, "sleep": 2}),
}
"""Name -> how likely, and the options of the action (fields of `Action` among them)."""


def _action(chance: random.Random, name: str, uses: str = "script", **more: Any) -> Action:
    weights = [weight for weight, _ in BEHAVIOURS.values()]
    _, options = chance.choices(list(BEHAVIOURS.values()), weights)[0]
    return action(name, uses, **options(chance), **more)


def action(name: str, uses: str = "script", **options: Any) -> Action:
    """An action; what is no field of it is an option of the scripted runner."""
    fields = {k: options.pop(k) for k in list(options) if k in Action.__slots__}
    return Action(name=name, uses=uses, options=options, **fields)


def _build(chance: random.Random) -> Stage:
    image = _action(chance, "image", image=True)
    return Stage(name="build", actions=(image, *_beside(chance)))


def _beside(chance: random.Random) -> list[Action]:
    more: list[Callable[[], Action]] = [
        lambda: _action(chance, "test"),
        lambda: _action(chance, "lint", on_failure=OnFailure.CONTINUE),
        lambda: _action(chance, "scan", cancel_siblings=True),
        lambda: _action(chance, "push", run_order=2),
    ]
    return [make() for make in chance.sample(more, chance.choice([0, 0, 1, 1, 2]))]


def _homolog(chance: random.Random) -> Stage:
    return Stage(name="deploy", actions=(_release(chance, "release"),), environment="homolog")


def _release(chance: random.Random, name: str) -> Action:
    return _action(chance, name, "deploy", on_failure=chance.choice([OnFailure.ABORT, OnFailure.ROLLBACK]))


def _only_build(chance: random.Random) -> tuple[tuple[Stage, ...], Environment]:
    return (_build(chance),), HOMOLOG


def _to_homolog(chance: random.Random) -> tuple[tuple[Stage, ...], Environment]:
    return (_build(chance), _homolog(chance)), HOMOLOG


def _only_deploy(chance: random.Random) -> tuple[tuple[Stage, ...], Environment]:
    return (_homolog(chance),), HOMOLOG


def _to_production(chance: random.Random) -> tuple[tuple[Stage, ...], Environment]:
    environment = chance.choice([PRODUCTION, PRODUCTION, STRICT])
    live = Stage(name="live", actions=(_release(chance, "live"),), environment="production")
    gate = Stage(name="approve", approval=True, environment="production")
    stages = (_build(chance), _homolog(chance), gate, _gated(chance, live))
    return stages[chance.choice([0, 0, 2]) :], environment


def _gated(chance: random.Random, stage: Stage) -> Stage:
    return replace(stage, **chance.choice(GATES))


GATES: Sequence[Options] = (
    {},
    {},
    {"pause": True},
    {"window": Window(begins=1, ends=60)},
    {"pause": True, "window": Window(begins=0, ends=24 * 60)},
    {"succeeded_in": "homolog"},
)
"""What may stand before a stage besides people's yes; a world begins at midnight."""

SHAPES: Mapping[str, tuple[int, Callable[[random.Random], tuple[tuple[Stage, ...], Environment]]]] = {
    "build": (1, _only_build),
    "deploy": (2, _only_deploy),
    "build and deploy": (3, _to_homolog),
    "the whole way": (4, _to_production),
}
"""Name -> how likely, and the stages with the environment that they lead to."""

DEEDS = (
    "approve",
    "approve",
    "approve",
    "resume",
    "resume",
    "reject",
    "cancel",
    "approve twice",
    "approve own",
    "approve another",
    "pause",
    "unlock",
    "retry",
    "retry",
    "rerun",
)
"""What people do, by the names in `deeds.DEEDS`; drawn with repetition."""

FAULTS = ("kill", "kill in an effect", "restart", "suspend", "partition", "disk", "calls", "slow", "clock", "twice")
"""What goes wrong: see `world`."""


def scenario(chance: random.Random) -> Scenario:
    """Draw a world."""
    shared = chance.random() < 0.5
    faults = frozenset(fault for fault in FAULTS if chance.random() < chance.choice([0.1, 0.4]))
    runs = chance.choice([1, 1, 2, 2, 3])
    return Scenario(
        workers=chance.choice([1, 2, 3]) if shared else 1,
        shared=shared,
        plans=[_plan(chance) for _ in range(runs)],
        faults=faults,
        deeds=[chance.choice(DEEDS) for _ in range(chance.choice([1, 2, 4]))],
        trouble_until=chance.choice([15.0, 40.0]),
        sweep=chance.choice([2.0, 5.0, 10.0]),
    )


def _plan(chance: random.Random) -> Plan:
    weights = [weight for weight, _ in SHAPES.values()]
    _, make = chance.choices(list(SHAPES.values()), weights)[0]
    stages, environment = make(chance)
    service = Service(name="hello", repository="/nowhere", image="127.0.0.1:5001/hello", stages=stages)
    return Plan(
        service=service,
        environment=environment,
        trigger=Trigger.DEPLOY,
        ref="main",
        stages=stages,
        environments={e.name: e for e in (HOMOLOG, environment)},
        artifacts={artifact.COMMIT: "c" * 40},
        mode=chance.choice([Mode.QUEUED, Mode.QUEUED, Mode.SUPERSEDED, Mode.PARALLEL]),
    )
