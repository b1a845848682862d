"""The section `batch` of a buildspec: a list, a graph, a matrix or a fan-out, as the builds that it comes to."""

import itertools
import math
import re

from ruamel.yaml.nodes import Node

from runners.buildspec.model import Batch, Task
from runners.buildspec.nodes import Nodes, Parts, null
from runners.buildspec.sections import check_names, variables

KINDS = ("build-list", "build-graph", "build-matrix", "build-fanout")
_TASK = ("identifier", "buildspec", "env", "ignore-failure", "debug-session", "depend-on")
_ENV = ("compute-type", "fleet", "image", "privileged-mode", "type", "variables")
_MOST = 100
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,128}")


def batch_of(nodes: Nodes, node: Node | None) -> Batch | None:
    """Read `batch`, and spread it out into its builds."""
    parts = nodes.mapping(node, "batch")
    if not parts:
        return None
    nodes.known(parts, ("fast-fail", *KINDS), "batch/")
    kinds = [kind for kind in KINDS if kind in parts]
    if len(kinds) != 1:
        nodes.problem(node, f"batch should have one of {', '.join(KINDS)}")
        return None
    kind = kinds[0]
    read = {"build-matrix": _matrix, "build-fanout": _fanout}.get(kind, _listed)
    tasks = read(nodes, parts[kind])
    _check(nodes, parts[kind], tasks)
    return Batch(
        tasks=tuple(tasks),
        fast_fail=nodes.flag(parts.get("fast-fail"), "batch/fast-fail"),
        shards=kind == "build-fanout",
    )


def _listed(nodes: Nodes, node: Node) -> list[Task]:
    return [_task(nodes, nodes.mapping(item, "a build of the batch"), item) for item in nodes.items(node, "batch")]


def _task(nodes: Nodes, parts: Parts, node: Node) -> Task:
    nodes.known(parts, _TASK, "batch/")
    identifier = nodes.text(parts.get("identifier"))
    if not _IDENTIFIER.fullmatch(identifier):
        nodes.problem(node, f"a build needs an identifier of letters, digits and _, not {identifier[:100]!r}")
    env = nodes.mapping(parts.get("env"), "batch/env")
    nodes.known(env, _ENV, "batch/env/")
    return Task(
        identifier=identifier,
        buildspec=nodes.text(parts.get("buildspec")),
        image=nodes.text(env.get("image")),
        privileged=_privileged(nodes, env),
        variables=variables(nodes, env.get("variables"), "batch/env/variables"),
        ignore_failure=nodes.flag(parts.get("ignore-failure"), "ignore-failure"),
        after=nodes.texts(parts.get("depend-on"), "depend-on"),
    )


def _matrix(nodes: Nodes, node: Node) -> list[Task]:
    """Build every combination of what is dynamic, numbered in the order of the file."""
    parts = nodes.mapping(node, "build-matrix")
    nodes.known(parts, ("static", "dynamic"), "batch/build-matrix/")
    static, dynamic = (nodes.mapping(parts.get(name), f"build-matrix/{name}") for name in ("static", "dynamic"))
    fixed = nodes.mapping(static.get("env"), "static/env")
    env = nodes.mapping(dynamic.get("env"), "dynamic/env")
    named = nodes.mapping(env.get("variables"), "dynamic/env/variables")
    check_names(nodes, named)
    axes = {f"={name}": nodes.texts(values, name) for name, values in named.items()}
    axes |= {"buildspec": nodes.texts(dynamic.get("buildspec"), "buildspec")}
    axes |= {name: nodes.texts(env.get(name), name) for name in ("compute-type", "image")}
    axes = {name: values for name, values in axes.items() if values}
    if math.prod(map(len, axes.values())) > _MOST:
        nodes.problem(node, f"build-matrix comes to more than {_MOST} builds")
        return []
    constant = variables(nodes, fixed.get("variables"), "static/env/variables")
    combinations = [dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())]
    return [
        Task(
            identifier=f"build{number}",
            buildspec=chosen.get("buildspec", ""),
            image=chosen.get("image", nodes.text(fixed.get("image"))),
            privileged=_privileged(nodes, fixed),
            variables={**constant, **{name[1:]: value for name, value in chosen.items() if name.startswith("=")}},
            ignore_failure=nodes.flag(static.get("ignore-failure"), "ignore-failure"),
        )
        for number, chosen in enumerate(combinations, 1)
    ]


def _fanout(nodes: Nodes, node: Node) -> list[Task]:
    """Build the same several times over: each does its share of the tests."""
    parts = nodes.mapping(node, "build-fanout")
    nodes.known(parts, ("parallelism", "ignore-failure"), "batch/build-fanout/")
    said = nodes.text(parts.get("parallelism"))
    if not re.fullmatch(r"[1-9]\d{0,2}", said) or int(said) > _MOST:
        nodes.problem(node, f"parallelism should be a number from 1 to {_MOST}, not {said[:100] or 'missing'}")
        return []
    ignored = nodes.flag(parts.get("ignore-failure"), "ignore-failure")
    return [Task(identifier=f"shard{number}", ignore_failure=ignored) for number in range(1, int(said) + 1)]


def _privileged(nodes: Nodes, env: Parts) -> bool:
    """Read an override of what the project says; without one the build has what the project has."""
    return "privileged-mode" not in env or nodes.flag(env["privileged-mode"], "privileged-mode")


def _check(nodes: Nodes, node: Node, tasks: list[Task]) -> None:
    names = [task.identifier for task in tasks]
    if not tasks and not null(node):
        nodes.problem(node, "batch has no builds")
    if len(tasks) > _MOST:
        nodes.problem(node, f"a batch has at most {_MOST} builds, not {len(tasks)}")
    for name in sorted({name for name in names if names.count(name) > 1}):
        nodes.problem(node, f"two builds of the batch are called {name[:100]}")
    for task in tasks:
        for other in task.after:
            if other not in names:
                nodes.problem(node, f"{task.identifier} depends on {other[:100]}, which is no build of the batch")
    if _goes_round(tasks):
        nodes.problem(node, "the builds of the batch depend on each other in a circle")


def _goes_round(tasks: list[Task]) -> bool:
    waiting = {task.identifier: set(task.after) & {each.identifier for each in tasks} for task in tasks}
    while free := [name for name, after in waiting.items() if not after]:
        waiting = {name: after - set(free) for name, after in waiting.items() if name not in free}
    return bool(waiting)
