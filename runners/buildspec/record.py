"""What became of a build: its phases as CodeBuild's API tells them, and what it handed on."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from runners.buildspec.model import PHASES
from runners.buildspec.reports import ReportResult

_MOST = 1024
"""Characters of a message."""
_FIELDS = 6
_BEFORE_IT_RUNS = ("SUBMITTED", "QUEUED", "PROVISIONING")
_SECONDS = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,6})?")


class Status(StrEnum):
    """How a build, or a phase of it, ended."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAULT = "FAULT"
    TIMED_OUT = "TIMED_OUT"
    IN_PROGRESS = "IN_PROGRESS"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Context:
    """Why: a code for programs, a line for people; both empty when all went well."""

    code: str = ""
    message: str = ""


@dataclass(slots=True)
class PhaseRecord:
    """One phase, from when to when; the last one, COMPLETED, has only a beginning."""

    type: str
    started: float
    ended: float | None = None
    status: Status | None = None
    context: Context = Context()

    def document(self) -> dict[str, Any]:
        """Give it as BatchGetBuilds does."""
        document: dict[str, Any] = {"phaseType": self.type, "startTime": _time(self.started)}
        if self.ended is not None and self.status is not None:
            document |= {
                "phaseStatus": self.status.value,
                "endTime": _time(self.ended),
                "durationInSeconds": int(self.ended - self.started),
                "contexts": [{"statusCode": self.context.code, "message": self.context.message[:_MOST]}],
            }
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The files of one artifact, copied to a directory of this machine."""

    location: str
    files: tuple[str, ...]
    name: str = ""


@dataclass(slots=True, kw_only=True)
class Record:
    """One build, as far as it is known by now."""

    id: str
    phases: list[PhaseRecord] = field(default_factory=list)
    exported: Mapping[str, str] = field(default_factory=dict)
    artifacts: dict[str, Made] = field(default_factory=dict)
    """The primary ones under the empty name."""
    reports: Sequence[ReportResult] = ()
    command: str = ""
    """The command that failed first, and what it ended with."""
    exit_code: int | None = None

    @property
    def status(self) -> Status:
        """How the build ended: as the first phase that did not succeed."""
        ends = [phase.status for phase in self.phases if phase.status not in (None, Status.SUCCEEDED)]
        if ends and ends[0] is not None:
            return next((end for end in (Status.STOPPED, Status.TIMED_OUT) if end in ends), ends[0])
        return Status.SUCCEEDED if self.phases and self.phases[-1].type == "COMPLETED" else Status.IN_PROGRESS

    @property
    def failed(self) -> PhaseRecord | None:
        """The first phase that did not succeed."""
        return next((phase for phase in self.phases if phase.status not in (None, Status.SUCCEEDED)), None)

    def begin(self, phase: str) -> None:
        """Begin a phase now."""
        self.phases.append(PhaseRecord(phase, time.time()))

    def end(self, status: Status = Status.SUCCEEDED, code: str = "", message: str = "") -> None:
        """End the phase that goes on."""
        phase = self.phases[-1]
        phase.ended, phase.status, phase.context = time.time(), status, Context(code, message)

    def complete(self) -> None:
        """Note that nothing more comes; what has got no container has nothing to finalize."""
        if self.failed is None or self.failed.type not in _BEFORE_IT_RUNS:
            self.begin("FINALIZING")
            self.end()
        self.begin("COMPLETED")

    def document(self) -> dict[str, Any]:
        """Give all of it, much as BatchGetBuilds does."""
        return {
            "id": self.id,
            "buildStatus": self.status.value,
            "phases": [phase.document() for phase in self.phases],
            "exportedEnvironmentVariables": [{"name": n, "value": v} for n, v in self.exported.items()],
            "artifacts": [
                {"identifier": identifier, "name": made.name, "location": made.location, "files": list(made.files)}
                for identifier, made in self.artifacts.items()
            ],
            "reports": [report.document() for report in self.reports],
        }


def phases_of(timeline: str, unfinished: Status, why: Context) -> list[PhaseRecord]:
    """Read what the driver noted; a phase whose end is missing ended as `unfinished`, which `why` explains.

    The build was root beside it: whatever stands there that is no note of a phase is left out.
    """
    found: dict[str, PhaseRecord] = {}
    zero = 0.0
    for line in timeline.splitlines():
        up, what, *rest = [*line.split(" ", _FIELDS - 1), "", ""][:_FIELDS]
        if not _SECONDS.fullmatch(up):
            continue
        at = zero + float(up)
        if what == "clock" and _SECONDS.fullmatch(rest[0]):
            zero = float(rest[0]) - float(up)
        elif what == "start" and rest[0].lower() in PHASES:
            found[rest[0]] = PhaseRecord(rest[0], at)
        elif what == "end" and rest[0] in found and rest[1] in Status.__members__:
            code, _, message = " ".join(rest[2:]).partition(" ")
            phase = found[rest[0]]
            phase.ended, phase.status = at, Status(rest[1])
            phase.context = Context("" if code == "-" else code, message.strip())
    for phase in found.values():
        if phase.status is None:
            phase.ended, phase.status, phase.context = max(phase.started, time.time()), unfinished, why
    return list(found.values())


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
