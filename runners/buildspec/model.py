"""What a buildspec says, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PHASES = ("install", "pre_build", "build", "post_build")
ROOT = "root"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file, or worth a warning, and its line where it has one."""

    text: str
    line: int | None = None

    def __str__(self) -> str:
        """Give one line that begins with the place."""
        return self.text if self.line is None else f"line {self.line}: {self.text}"


class BuildspecInvalid(Exception):  # noqa: N818 - a fact about the file
    """What is wrong with the file, one line each, with line numbers."""

    def __init__(self, found: Sequence[Problem]) -> None:
        """Take all that is wrong."""
        super().__init__("; ".join(map(str, found)))
        self.found = tuple(found)

    @property
    def problems(self) -> list[str]:
        """One line for each."""
        return [str(each) for each in self.found]


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
    user: str = ROOT
    runtimes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Which files of the source directory are meant."""

    patterns: tuple[str, ...]
    base: str = ""
    discard_paths: bool = False
    excluded: tuple[str, ...] = ()
    symlinks: bool = False
    """Links within are kept as links; otherwise what they lead to is taken."""
    name: str = ""
    """What the artifact is called, in the language of the shell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report group: which files, and how they are written."""

    files: Files
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """What one build leaves for the next. The keys are in the language of the shell."""

    paths: tuple[str, ...]
    key: str = ""
    fallbacks: tuple[str, ...] = ()
    restores: bool = True
    saves: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """A value in Secrets Manager; without `key` the whole text, with neither stage nor version the current one."""

    secret: str
    key: str = ""
    stage: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One build of a batch: what it has of its own."""

    identifier: str
    buildspec: str = ""
    image: str = ""
    privileged: bool = True
    """It asks for less when it says no; it never gets more than the whole batch may have."""
    variables: Mapping[str, str] = field(default_factory=dict)
    ignore_failure: bool = False
    after: tuple[str, ...] = ()
    """The builds that have to be over before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Several builds of one file; a matrix and a fan-out are spread out already."""

    tasks: tuple[Task, ...]
    fast_fail: bool = False
    shards: bool = False
    """A fan-out: the builds share the tests among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildspec:
    """One file."""

    version: str
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Variable -> name of a parameter in Parameter Store."""
    secrets: Mapping[str, SecretReference] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifacts: Files | None = None
    secondary: Mapping[str, Files] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    cache: Cache | None = None
    batch: Batch | None = None
    warnings: tuple[Problem, ...] = ()

    @property
    def isolated(self) -> bool:
        """Version 0.1: each command starts afresh."""
        return self.version == "0.1"
