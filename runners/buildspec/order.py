"""What is to be built, where, and with what it may do."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runners import job
from runners.buildspec.environment import About, given


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One build."""

    key: str
    """By which its container is found again."""
    about: About
    source: Path
    workspace: Path
    artifacts: Path
    """Where artifacts go."""
    secondary: Path
    """Where secondary artifacts go, each to a directory of its own."""
    buildspec: str = ""
    """Path in the source; else `buildspec.yml`, then `buildspec.yaml`."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Variables of the caller, which win over the buildspec's."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the role in AWS as which it works; hidden too."""
    hidden: tuple[str, ...] = ()
    """Values that are masked wherever the log shows them."""
    privileged: bool = False
    """The engine's socket is within reach: as good as root on this machine."""
    network: str = "none"
    memory: str | int | None = None
    cpus: float | None = None
    timeout: int = 0
    """Seconds for all phases; zero for as long as it takes."""
    pull: bool = False
    """An image that is not there is pulled."""
    login: Callable[[str], Mapping[str, str] | None] = lambda _image: None
    """User and password for an image that is pulled; without, what this machine's user is logged in with."""
    images: Collection[str] | None = None
    """Patterns of the images that it may be built in; without, in any."""
    caches: Path | None = None
    """Where caches of this project are kept; without, a buildspec's `cache` is left out."""
    cached: int = 0
    """Bytes that they may take together; zero for as many as they are."""
    labels: Mapping[str, str] = field(default_factory=dict)
    abandoned: Callable[[], bool] = lambda: False

    @property
    def job(self) -> Path:
        """Directory of what the container walks and leaves."""
        return self.workspace / ".buildspec" / job.name_of("build", self.key)

    @property
    def fixed(self) -> dict[str, str]:
        """Variables that neither the file nor the caller overrules."""
        return given(self.about, self.source)


class NoBuild(Exception):  # noqa: N818 - carries a status of the build's own
    """A phase before the first command failed: why, in CodeBuild's words."""

    def __init__(self, code: str, message: str, *, details: tuple[str, ...] = (), place: str = "") -> None:
        """Take the status code, one line, more lines for the log, and the file that it is about."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.place = place
