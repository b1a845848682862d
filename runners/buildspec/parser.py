"""A buildspec, read: every shape that CodeBuild accepts, and all that is wrong with it at once, with lines."""

import re
from collections.abc import Mapping

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from runners.buildspec import patterns, sections
from runners.buildspec.batch_section import batch_of
from runners.buildspec.model import PHASES, ROOT, Buildspec, BuildspecInvalid, OnFailure, Phase
from runners.buildspec.nodes import Nodes, Parts, line_of, null, tree

_TOP = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache")
TOP = (*_TOP, "environment_variables")
"""Keys of a file, of either version."""
PHASE = ("commands", "finally", "run-as", "runtime-versions", "on-failure", "steps")
_RUNTIMES = ("android", "dotnet", "docker", "golang", "java", "nodejs", "php", "python", "ruby")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\$?")
_MOST_RETRIES = 100


def parse(text: str) -> Buildspec:
    """Read a buildspec. Raises `BuildspecInvalid` with all problems found."""
    root = tree(text)
    nodes = Nodes()
    spec = _buildspec(nodes, root)
    if nodes.problems or spec is None:
        raise BuildspecInvalid(sorted(nodes.problems, key=lambda problem: problem.line or 0))
    return spec


def _buildspec(nodes: Nodes, root: Node | None) -> Buildspec | None:
    if not isinstance(root, MappingNode):
        nodes.problem(root, "the file is no mapping: a buildspec begins with version and phases")
        return None
    top = nodes.mapping(root, "the file")
    version = _version(nodes, top)
    nodes.known(top, TOP if version == "0.1" else _TOP, "")
    if "phases" not in top:
        nodes.problem(None, "phases are missing")
    env = sections.environment(nodes, top)
    primary, secondary = sections.artifacts(nodes, top.get("artifacts"))
    return Buildspec(
        version=version,
        shell=env.shell,
        variables=env.variables,
        parameters=env.parameters,
        secrets=env.secrets,
        exported=env.exported,
        phases=_phases(nodes, top),
        artifacts=primary,
        secondary=secondary,
        reports=sections.reports(nodes, top.get("reports")),
        cache=sections.cache(nodes, top.get("cache")),
        batch=batch_of(nodes, top.get("batch")),
        warnings=tuple(nodes.warnings),
    )


def _version(nodes: Nodes, top: Parts) -> str:
    version = nodes.text(top.get("version"))
    if version not in ("0.1", "0.2"):
        nodes.problem(top.get("version"), f"version should be 0.2 or 0.1, not {version[:100] or 'missing'}")
    return version


def _phases(nodes: Nodes, top: Parts) -> dict[str, Phase]:
    phases = nodes.mapping(top.get("phases"), "phases")
    everywhere = _user(nodes, top, ROOT)
    for name in phases:
        if name not in PHASES:
            nodes.problem(phases[name], f"there is no phase {name[:100]}; there are: {', '.join(PHASES)}")
    return {name: _phase(nodes, name, phases[name], everywhere) for name in PHASES if name in phases}


def _phase(nodes: Nodes, name: str, node: Node, everywhere: str) -> Phase:
    parts = nodes.mapping(node, f"phases/{name}")
    if "steps" in parts:
        nodes.problem(parts["steps"], f"steps of phase {name} (GitHub Actions) are not supported; use commands")
    if not parts.keys() & {"commands", "finally", "runtime-versions", "steps"}:
        for key in parts.keys() - set(PHASE):
            nodes.problem(parts[key], f"phase {name} has no commands, but an unknown key {key[:100]}")
    nodes.known(parts, PHASE, f"phases/{name}/")
    return Phase(
        commands=_commands(nodes, parts.get("commands")),
        last=_commands(nodes, parts.get("finally")),
        on_failure=_on_failure(nodes, parts.get("on-failure")),
        user=_user(nodes, parts, everywhere),
        runtimes=_runtimes(nodes, name, parts.get("runtime-versions")),
    )


def _commands(nodes: Nodes, node: Node | None) -> tuple[str, ...]:
    if isinstance(node, ScalarNode):
        return () if null(node) else (node.value,)
    if node is None:
        return ()
    if not isinstance(node, SequenceNode):
        nodes.problem(node, "commands should be a list")
        return ()
    for number, item in enumerate(node.value):
        _expect_text(nodes, number, item)
    return tuple(item.value for item in node.value if isinstance(item, ScalarNode) and not null(item))


def _expect_text(nodes: Nodes, number: int, item: Node) -> None:
    if isinstance(item, ScalarNode):
        return
    said = f"Expected Commands[{number}] to be of string type: found subkeys instead at line {line_of(item)}"
    if isinstance(item, MappingNode) and item.value:
        key = item.value[0][0]
        said += f", value of the key {str(key.value)[:60]} on line {line_of(key)} might be empty"
    nodes.problem(item, f"{said}; quote the whole command (a colon followed by a blank makes a key)")


def _on_failure(nodes: Nodes, node: Node | None) -> OnFailure:
    said = nodes.text(node)
    kind, _, rest = said.partition("-")
    kind = kind.upper()
    if not said:
        return OnFailure()
    if kind in ("ABORT", "CONTINUE") and not rest:
        return OnFailure(action=kind)
    if kind != "RETRY":
        nodes.problem(node, f"on-failure should be ABORT, CONTINUE or RETRY, not {said[:100]}")
        return OnFailure()
    counted = re.fullmatch(r"(\d{1,9})(?:-(.+))?", rest)
    retries, pattern = (min(int(counted[1]), _MOST_RETRIES), counted[2]) if counted else (3, rest)
    if counted and int(counted[1]) > _MOST_RETRIES:
        nodes.warn(node, f"on-failure: a phase is retried {_MOST_RETRIES} times at most, not {counted[1]}")
    pattern = pattern or ".*"
    try:
        patterns.extended(pattern)
    except patterns.Invalid as wrong:
        nodes.problem(node, f"on-failure: {pattern[:100]} is no regular expression: {wrong}")
    except patterns.Untranslated as wrong:
        nodes.warn(node, f"on-failure: the phase is never tried again: {wrong}")
        retries = 0
    return OnFailure(action="RETRY", retries=retries, pattern=pattern)


def _user(nodes: Nodes, parts: Mapping[str, Node], everywhere: str) -> str:
    user = nodes.text(parts.get("run-as"))
    if user and not _USER.fullmatch(user):
        nodes.problem(parts["run-as"], f"run-as should be the name of a user of Linux, not {user[:100]}")
    return user or everywhere


def _runtimes(nodes: Nodes, phase: str, node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    wanted = {name: nodes.text(version) for name, version in nodes.mapping(node, "runtime-versions").items()}
    if phase != "install":
        nodes.warn(node, f"runtime-versions of phase {phase} are left out; they belong to install")
        return {}
    if not wanted:
        nodes.problem(node, "runtime-versions should name at least one runtime")
    for name in wanted.keys() - set(_RUNTIMES):
        nodes.problem(
            node,
            f"Unknown runtime named '{name[:60]}'. There are: {', '.join(_RUNTIMES)}",
        )
    return wanted
