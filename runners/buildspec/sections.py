"""The sections of a buildspec beside its phases: `env`, `artifacts`, `reports` and `cache`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ruamel.yaml.nodes import MappingNode, Node

from runners.buildspec.model import Cache, Files, Report, SecretReference
from runners.buildspec.nodes import Nodes, Parts
from runners.buildspec.report_formats import FORMATS

ENV = ("shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper")
FILES = ("files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "s3-prefix", "type")
REPORT = ("files", "file-format", "base-directory", "discard-paths")
CACHE = ("paths", "key", "fallback-keys", "action")
_SHELLS = ("sh", "bash", "/bin/sh")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_MOST_REPORTS = _MOST_FALLBACKS = 5
_ARN_PARTS = 7
"""Fields of the ARN of a secret; what follows them is the rest of the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The section `env`."""

    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    exported: tuple[str, ...] = ()


def environment(nodes: Nodes, top: Parts) -> Environment:
    """Read `env`, or version 0.1's `environment_variables`."""
    env = nodes.mapping(top.get("env"), "env")
    nodes.known(env, ENV, "env/")
    nodes.flag(env.get("git-credential-helper"), "git-credential-helper")
    old = nodes.mapping(top.get("environment_variables"), "environment_variables").get("plaintext")
    parameters = variables(nodes, env.get("parameter-store"), "env/parameter-store")
    secrets = nodes.mapping(env.get("secrets-manager"), "env/secrets-manager")
    check_names(nodes, secrets)
    exported = nodes.texts(env.get("exported-variables"), "env/exported-variables")
    for name in exported:
        if name.startswith("AWS_") or name in parameters or name in secrets:
            nodes.warn(env["exported-variables"], f"{name[:100]} is never exported: it is, or may be, a secret")
    return Environment(
        shell=_shell(nodes, env.get("shell")),
        variables=variables(nodes, env.get("variables") or old, "env/variables"),
        parameters=parameters,
        secrets={name: _secret(nodes, node) for name, node in secrets.items()},
        exported=exported,
    )


def artifacts(nodes: Nodes, node: Node | None) -> tuple[Files | None, dict[str, Files]]:
    """Read `artifacts`: the primary ones, and the secondary ones by name."""
    parts = nodes.mapping(node, "artifacts")
    if not parts:
        return None, {}
    nodes.known(parts, (*FILES, "secondary-artifacts"), "artifacts/")
    secondary = nodes.mapping(parts.get("secondary-artifacts"), "secondary-artifacts")
    return _files(nodes, node, parts, "artifacts"), {
        name: _secondary(nodes, name, each) for name, each in secondary.items() if _is_name(nodes, name, each)
    }


def reports(nodes: Nodes, node: Node | None) -> dict[str, Report]:
    """Read `reports`: each group by its name or ARN."""
    groups = nodes.mapping(node, "reports")
    if len(groups) > _MOST_REPORTS:
        nodes.problem(node, f"reports: a build has at most {_MOST_REPORTS} report groups, not {len(groups)}")
    return {name: _report(nodes, name, each) for name, each in groups.items()}


def cache(nodes: Nodes, node: Node | None) -> Cache | None:
    """Read `cache`."""
    parts = nodes.mapping(node, "cache")
    if not parts:
        return None
    nodes.known(parts, CACHE, "cache/")
    paths = nodes.texts(parts.get("paths"), "cache/paths")
    if not paths:
        nodes.problem(node, "cache/paths is missing")
    key, fallbacks = nodes.text(parts.get("key")), nodes.texts(parts.get("fallback-keys"), "cache/fallback-keys")
    if len(fallbacks) > _MOST_FALLBACKS:
        nodes.problem(parts["fallback-keys"], f"there are at most {_MOST_FALLBACKS} fallback-keys")
    if fallbacks and not key:
        nodes.warn(parts["fallback-keys"], "fallback-keys without a key are left out")
    action = nodes.text(parts.get("action")).lower()
    if action not in ("", "restore", "save"):
        nodes.problem(parts["action"], f"cache/action should be restore or save, not {action[:100]}")
    return Cache(
        paths=paths,
        key=key,
        fallbacks=fallbacks if key else (),
        restores=action in ("", "restore"),
        saves=action in ("", "save"),
    )


def variables(nodes: Nodes, node: Node | None, what: str) -> dict[str, str]:
    """Read variables and their values, which are taken as they stand."""
    parts = nodes.mapping(node, what)
    check_names(nodes, parts)
    return {name: nodes.text(value) for name, value in parts.items()}


def check_names(nodes: Nodes, parts: Parts) -> None:
    """Note what cannot be, or may not be, the name of a variable."""
    for name, node in parts.items():
        if not _VARIABLE.fullmatch(name):
            nodes.problem(node, f"{name[:100]} cannot be the name of a variable")
        elif name.startswith("CODEBUILD_"):
            nodes.problem(node, f"the variable {name[:100]}: names that begin with CODEBUILD_ are reserved")


def _report(nodes: Nodes, name: str, node: Node) -> Report:
    parts = nodes.mapping(node, f"reports/{name[:100]}")
    nodes.known(parts, REPORT, f"reports/{name[:100]}/")
    said = nodes.text(parts.get("file-format")).upper() or "JUNITXML"
    if said not in FORMATS:
        nodes.problem(parts["file-format"], f"file-format should be one of {', '.join(FORMATS)}, not {said[:100]}")
    return Report(files=_files(nodes, node, parts, f"reports/{name[:100]}"), format=said)


def _secondary(nodes: Nodes, name: str, node: Node) -> Files:
    parts = nodes.mapping(node, name)
    nodes.known(parts, FILES, f"secondary-artifacts/{name}/")
    return _files(nodes, node, parts, f"artifacts/secondary-artifacts/{name}")


def _files(nodes: Nodes, node: Node | None, parts: Parts, where: str) -> Files:
    patterns = nodes.texts(parts.get("files"), f"{where}/files")
    if not patterns:
        nodes.problem(node, f"{where}/files is missing")
    return Files(
        patterns=patterns,
        base=nodes.text(parts.get("base-directory")),
        discard_paths=nodes.flag(parts.get("discard-paths"), f"{where}/discard-paths"),
        excluded=nodes.texts(parts.get("exclude-paths"), f"{where}/exclude-paths"),
        symlinks=nodes.flag(parts.get("enable-symlinks"), f"{where}/enable-symlinks"),
        name=nodes.text(parts.get("name")),
    )


def _is_name(nodes: Nodes, name: str, node: Node) -> bool:
    """Tell whether secondary artifacts may be called so: the name becomes that of a directory of this machine."""
    if _NAME.fullmatch(name):
        return True
    nodes.problem(node, f"secondary-artifacts: {name[:100]!r} is no name: letters, digits, - _ and .")
    return False


def _shell(nodes: Nodes, node: Node | None) -> str:
    said = nodes.text(node) or "sh"
    if said not in _SHELLS:
        nodes.problem(node, f"shell should be bash or /bin/sh, not {said[:100]}")
    return said


def _secret(nodes: Nodes, node: Node) -> SecretReference:
    """Read `secret-id:json-key:version-stage:version-id`, whose end and middle may be left out."""
    if isinstance(node, MappingNode):
        nodes.problem(node, "a secret is written as secret-id:json-key:version-stage:version-id")
        return SecretReference(secret="")
    parts = nodes.text(node).split(":")
    own = _ARN_PARTS if parts[0] == "arn" else 1
    key, stage, version, *rest = [*parts[own:], "", "", ""]
    secret = ":".join(parts[:own])
    if not secret or any(rest):
        nodes.problem(node, "a secret is written as secret-id:json-key:version-stage:version-id")
    if stage and version:
        nodes.problem(node, "a secret is named by its version-stage or its version-id, not by both")
    return SecretReference(secret=secret, key=key, stage=stage, version=version)
