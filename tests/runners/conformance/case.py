"""One fact about builds, as data: a buildspec with its files, and what has to come of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
HEAD = "version: 0.2\n"


@dataclass(frozen=True)
class Case:
    """What is not said is not looked at, but for `said`: commands print exactly that."""

    fact: str
    topic: str
    spec: str = ""
    """The buildspec; of version 0.2 when it does not say."""
    files: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    """Variables of the caller."""
    parameters: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    said: list[str] | None = None
    counted: int = 0
    """Commands print exactly the numbers from one to this."""
    status: str = "SUCCEEDED"
    phases: list[str] = field(default_factory=list)
    """`INSTALL SUCCEEDED`: all of them from INSTALL to UPLOAD_ARTIFACTS."""
    whole: list[str] = field(default_factory=list)
    """All of them, from SUBMITTED to COMPLETED."""
    code: str = ""
    message: str = ""
    """Of the first phase that did not succeed."""
    log: list[str] = field(default_factory=list)
    """Lines of the agent, in this order."""
    never: list[str] = field(default_factory=list)
    """Texts that are nowhere in the log, nor in the record."""
    artifacts: list[str] | None = None
    secondary: dict[str, list[str]] = field(default_factory=dict)
    named: str = ""
    content: dict[str, str] = field(default_factory=dict)
    """What is in artifacts."""
    exported: dict[str, str] | None = None
    reports: list[dict[str, Any]] | None = None
    builds: dict[str, str] = field(default_factory=dict)
    """Of a batch: each build and its status."""
    again: list[str] | None = None
    """What the same build prints when it is built once more, with the cache of the first."""
    times: int = 1
    """So often it is built once more."""
    image: str = "estiva/ci:base"
    own: bool = False
    """It needs a container of its own."""
    batch: bool = False
    seconds: int = 0
    git: bool = False
    buildspec: str = ""

    @property
    def alone(self) -> bool:
        """Whether it cannot share a container with others."""
        return self.own or self.batch or self.seconds > 0

    @property
    def text(self) -> str:
        """The buildspec as it stands in the source."""
        return self.spec if not self.spec or "version:" in self.spec else HEAD + self.spec


def cases() -> Iterator[Case]:
    """Read all of them."""
    for place in sorted(HERE.glob("*.yml")):
        for each in YAML(typ="safe").load(place.read_text()):
            yield Case(topic=place.stem, **each)
