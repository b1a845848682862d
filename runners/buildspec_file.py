"""A buildspec, read: what CodeBuild accepts, with every scalar kept as the text that stands in the file.

The parser is used for the tree of nodes only: no value is ever interpreted, so `3.10`, `yes` and `0755` stay what they
are, and each problem knows its line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

PHASES = ("install", "pre_build", "build", "post_build")
_TOP = ("version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache")
_UNSUPPORTED = {
    "batch": "split the work over several actions of the pipeline",
    "parameter-store": "pass the value by the action's option env",
    "secrets-manager": "pass the value by the action's option env",
}
"""Not done by the local runner, and doing without would build something else than asked."""
_IGNORED = ("reports", "cache", "proxy")
"""Not done by the local runner; the build itself is the same without."""
_LARGEST = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class BuildspecInvalid(Exception):  # noqa: N818 - a fact about the file
    """What is wrong with the file, one line each, with line numbers."""

    def __init__(self, problems: list[str]) -> None:
        """Take the lines."""
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFailure:
    """What the failure of a phase does to the build."""

    action: str = "DEFAULT"
    """`DEFAULT` (the usual transitions), `ABORT`, `CONTINUE` or `RETRY`."""
    retries: int = 0
    pattern: str = ".*"
    """A retry needs the failure's message to match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Commands in turn, then `last` (the file's `finally`) whatever happened."""

    commands: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    on_failure: OnFailure = OnFailure()


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Which files a build hands on."""

    patterns: tuple[str, ...]
    base: str = ""
    discard_paths: bool = False
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """One file."""

    version: str
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifacts: Files | None = None
    secondary: Mapping[str, Files] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def isolated(self) -> bool:
        """Version 0.1: each command starts afresh."""
        return self.version == "0.1"


def parse(text: str) -> Buildspec:
    """Read a buildspec. Raises `BuildspecInvalid` with all problems found."""
    if len(text) > _LARGEST:
        raise BuildspecInvalid(["the file is larger than a megabyte"])
    try:
        root = YAML(typ="base", pure=True).compose(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except MarkedYAMLError as error:
        raise BuildspecInvalid([_syntax(error)]) from error
    except YAMLError as error:
        raise BuildspecInvalid([" ".join(str(error).split())[:300]]) from error
    except RecursionError as error:
        raise BuildspecInvalid(["YAML_FILE_ERROR: the nesting is too deep"]) from error
    if not _bounded(root):
        raise BuildspecInvalid(["YAML_FILE_ERROR: with its anchors in place the file is larger than a megabyte"])
    reader = _Reader()
    spec = reader.buildspec(root)
    if reader.problems or spec is None:
        raise BuildspecInvalid(reader.problems)
    return spec


class _Reader:
    """Walks the nodes once and collects everything that is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def buildspec(self, root: Node | None) -> Buildspec | None:
        if not isinstance(root, MappingNode):
            self.problems.append("line 1: the file is no mapping: a buildspec begins with version and phases")
            return None
        top = self._map(root, "the file")
        self._unknown(top, _TOP, "")
        self._unsupported(top)
        version = self._text(top.get("version"))
        if version not in ("0.1", "0.2"):
            self.problems.append(f"{_at(top.get('version'))}version should be 0.2 or 0.1, not {version or 'missing'}")
        if "phases" not in top:
            self.problems.append("phases are missing")
        self._root_only(top)
        env = self._map(top.get("env"), "env")
        self._unknown(
            env,
            ("shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper"),
            "env/",
        )
        self._unsupported(env)
        artifacts = self._map(top.get("artifacts"), "artifacts")
        secondary = self._map(artifacts.get("secondary-artifacts"), "secondary-artifacts")
        variables = env.get("variables") or self._map(top.get("environment_variables"), "x").get("plaintext")
        return Buildspec(
            version=version,
            shell=self._shell(env.get("shell")),
            variables=self._variables(variables),
            exported=self._texts(env.get("exported-variables"), "env/exported-variables"),
            phases=self._phases(top.get("phases")),
            artifacts=self._files(artifacts, "artifacts") if artifacts else None,
            secondary={
                name: self._files(self._map(node, name), f"artifacts/secondary-artifacts/{name}")
                for name, node in secondary.items()
                if self._is_name(name, node)
            },
            warnings=tuple(self.warnings),
        )

    def _is_name(self, name: str, node: Node) -> bool:
        """Tell whether secondary artifacts may be called so: the name becomes that of a directory of this machine."""
        if _NAME.fullmatch(name):
            return True
        self.problems.append(f"{_at(node)}secondary-artifacts: {name[:100]!r} is no name: letters, digits, - _ and .")
        return False

    def _phases(self, node: Node | None) -> dict[str, Phase]:
        phases = self._map(node, "phases")
        for name in phases.keys() - set(PHASES):
            self.problems.append(f"{_at(phases[name])}there is no phase {name}; there are: {', '.join(PHASES)}")
        return {name: self._phase(name, phases[name]) for name in PHASES if name in phases}

    def _phase(self, name: str, node: Node) -> Phase:
        parts = self._map(node, f"phases/{name}")
        self._root_only(parts)
        if "steps" in parts:
            self.problems.append(f"{_at(parts['steps'])}steps of phase {name} are not supported; use commands")
        if "runtime-versions" in parts:
            self.warnings.append(
                "Skipping install of runtimes. Runtime version selection is not supported by this build image"
            )
        if not parts.keys() & {"commands", "finally", "runtime-versions", "steps"}:
            for key in parts.keys() - {"run-as", "on-failure"}:
                self.problems.append(f"{_at(parts[key])}phase {name} has no commands, but an unknown key {key}")
        self._unknown(
            parts, ("commands", "finally", "run-as", "runtime-versions", "on-failure", "steps"), f"phases/{name}/"
        )
        return Phase(
            commands=self._commands(parts.get("commands")),
            last=self._commands(parts.get("finally")),
            on_failure=self._on_failure(parts.get("on-failure")),
        )

    def _commands(self, node: Node | None) -> tuple[str, ...]:
        if isinstance(node, ScalarNode):
            return () if _null(node) else (node.value,)
        if not isinstance(node, SequenceNode):
            if node is not None:
                self.problems.append(f"{_at(node)}commands should be a list")
            return ()
        return tuple(
            item.value for number, item in enumerate(node.value) if self._is_command(number, item) and not _null(item)
        )

    def _is_command(self, number: int, item: Node) -> bool:
        if isinstance(item, ScalarNode):
            return True
        what = "found subkeys instead" if isinstance(item, MappingNode) else "found a list instead"
        self.problems.append(
            f"YAML_FILE_ERROR: Expected Commands[{number}] to be of string type: {what} at line {_line(item)}; "
            "quote the whole command (a colon followed by a blank makes a key)"
        )
        return False

    def _on_failure(self, node: Node | None) -> OnFailure:
        said = self._text(node)
        kind, _, rest = said.partition("-")
        kind = kind.upper()
        if not said:
            return OnFailure()
        if kind in ("ABORT", "CONTINUE") and not rest:
            return OnFailure(action=kind)
        if kind != "RETRY":
            self.problems.append(f"{_at(node)}on-failure should be ABORT, CONTINUE or RETRY, not {said}")
            return OnFailure()
        counted = re.fullmatch(r"(\d{1,9})(?:-(.+))?", rest)
        if counted:
            return OnFailure(action="RETRY", retries=min(int(counted[1]), 100), pattern=counted[2] or ".*")
        return OnFailure(action="RETRY", retries=3, pattern=rest or ".*")

    def _files(self, parts: Mapping[str, Node], where: str) -> Files:
        patterns = self._texts(parts.get("files"), f"{where}/files")
        if not patterns:
            self.problems.append(f"{where}/files is missing")
        return Files(
            patterns=patterns,
            base=self._text(parts.get("base-directory")),
            discard_paths=self._text(parts.get("discard-paths")).lower() in ("yes", "true"),
            excluded=self._texts(parts.get("exclude-paths"), f"{where}/exclude-paths"),
        )

    def _shell(self, node: Node | None) -> str:
        said = self._text(node) or "sh"
        if said not in ("sh", "bash", "/bin/sh"):
            self.problems.append(f"{_at(node)}shell should be bash or /bin/sh, not {said}")
        return said

    def _variables(self, node: Node | None) -> dict[str, str]:
        variables = {name: self._text(value) for name, value in self._map(node, "env/variables").items()}
        for name in variables:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                self.problems.append(f"{_at(node)}{name} cannot be the name of a variable")
            elif name.startswith("CODEBUILD_"):
                self.problems.append(f"{_at(node)}the variable {name}: names that begin with CODEBUILD_ are reserved")
        return variables

    def _root_only(self, parts: Mapping[str, Node]) -> None:
        user = self._text(parts.get("run-as"))
        if user not in ("", "root"):
            self.problems.append(f"{_at(parts['run-as'])}run-as {user} is not supported yet by the local runner")

    def _unsupported(self, parts: Mapping[str, Node]) -> None:
        for name, instead in _UNSUPPORTED.items():
            if name in parts and not _null(parts[name]):
                self.problems.append(f"{_at(parts[name])}{name} is not supported yet by the local runner; {instead}")
        self.warnings += [
            f"{name} is not supported yet by the local runner and is left out" for name in _IGNORED if name in parts
        ]

    def _unknown(self, parts: Mapping[str, Node], known: tuple[str, ...], where: str) -> None:
        for name in parts:
            if name not in known and not (where == "" and name == "environment_variables"):
                self.warnings.append(f"unknown key {where}{name} at line {_line(parts[name])} is left out")

    def _map(self, node: Node | None, what: str) -> dict[str, Node]:
        if node is None or _null(node):
            return {}
        if not isinstance(node, MappingNode):
            self.problems.append(f"{_at(node)}{what} should be a mapping")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            if key.value in found:
                self.warnings.append(
                    f"the key {key.value} stands twice, again at line {_line(key)}; the last one counts"
                )
            found[str(key.value)] = value
        return found

    def _texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        if node is None or _null(node):
            return ()
        items = node.value if isinstance(node, SequenceNode) else [node]
        wrong = [item for item in items if not isinstance(item, ScalarNode)]
        self.problems += [f"{_at(item)}{what} should hold texts" for item in wrong]
        return tuple(item.value for item in items if isinstance(item, ScalarNode) and not _null(item))

    def _text(self, node: Node | None) -> str:
        if isinstance(node, ScalarNode):
            return "" if _null(node) else node.value.strip() if node.style is None else str(node.value)
        if node is not None:
            self.problems.append(f"{_at(node)}a text is expected here")
        return ""


def _bounded(root: Node | None) -> bool:
    """Tell whether the document stays within bounds when each alias counts as what it stands for; no circle does."""
    room, left = _LARGEST, [root]
    while left and room >= 0:
        node = left.pop()
        room -= 1
        if isinstance(node, ScalarNode):
            room -= len(node.value)
        elif isinstance(node, MappingNode):
            left += [part for pair in node.value for part in pair]
        elif isinstance(node, SequenceNode):
            left += node.value
    return room >= 0


def _null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in ("", "~", "null", "Null", "NULL")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _at(node: Node | None) -> str:
    return f"line {_line(node)}: " if node is not None else ""


def _syntax(error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f" at line {mark.line + 1}" if mark else ""
    said = " ".join(str(error.problem or error.context or "not YAML").split())
    return f"YAML_FILE_ERROR: {said}{where}; quote the value if it holds : * [ % @ or a back-tick"
