"""The reports of a build: their files are found like artifacts, and read into counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runners.buildspec.artifacts import NoArtifacts, Upload
from runners.buildspec.model import Files, Report
from runners.buildspec.report_formats import COVERAGE, Coverage, Tests, Unreadable, read, together
from runners.buildspec.text import expanded

_LARGEST = 50_000_000
"""Bytes of one file."""
_STATUSES = ("SUCCEEDED", "FAILED", "ERROR", "SKIPPED", "UNKNOWN")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """One report group after a build."""

    name: str
    format: str
    status: str
    """`SUCCEEDED`, `FAILED` when a test did not pass, `INCOMPLETE` when a file cannot be read or none was found."""
    found: Tests | Coverage

    def document(self) -> dict[str, Any]:
        """Give it much as BatchGetReports does."""
        kind = "CODE_COVERAGE" if isinstance(self.found, Coverage) else "TEST"
        summary = _coverage(self.found) if isinstance(self.found, Coverage) else _tests(self.found)
        return {"name": self.name, "type": kind, "format": self.format, "status": self.status, **summary}


def collect(
    reports: Mapping[str, Report], project: str, values: Mapping[str, str], upload: Callable[[Files], Upload]
) -> list[ReportResult]:
    """Read all reports of a build. What cannot be read is said and fails nothing, as on AWS."""
    return [
        _collected(_group(expanded(name, values), project), report.format, upload(report.files))
        for name, report in reports.items()
    ]


def _group(name: str, project: str) -> str:
    """Give the name of a report group as AWS does: it is the project's own, unless its ARN is named."""
    return name.rpartition("/")[2] if name.startswith("arn:") else f"{project}-{name}"


def _collected(name: str, format_: str, upload: Upload) -> ReportResult:
    coverage, say = format_ in COVERAGE, upload.say
    say(f"Preparing to copy {'CODE_COVERAGE' if coverage else 'TEST'} report {name}")
    total: Tests | Coverage = Coverage() if coverage else Tests()
    whole = True
    try:
        for _, file in upload.found():
            total = together(total, _read(format_, file))
    except NoArtifacts:
        say(f"Report {name}: no matching report files found")
        whole = False
    except Unreadable as error:
        say(f"Report {name}: {error}")
        whole = False
    bad = isinstance(total, Tests) and (total.counts.get("FAILED") or total.counts.get("ERROR"))
    status = "FAILED" if bad else "SUCCEEDED" if whole else "INCOMPLETE"
    return ReportResult(name=name, format=format_, status=status, found=total)


def _read(format_: str, file: Path) -> Tests | Coverage:
    if file.stat().st_size > _LARGEST:
        raise Unreadable(f"{file.name} is larger than {_LARGEST // 1_000_000} MB")
    try:
        return read(format_, file.read_bytes())
    except Unreadable as error:
        raise Unreadable(f"{file.name} is no {format_}: {error}") from error


def _tests(found: Tests) -> dict[str, Any]:
    counts = {status: found.counts.get(status, 0) for status in _STATUSES}
    nanoseconds = round(found.seconds * 1e9)
    return {
        "testSummary": {
            "total": sum(counts.values()),
            "statusCounts": counts,
            "durationInNanoSeconds": nanoseconds,
        }
    }


def _coverage(found: Coverage) -> dict[str, Any]:
    return {
        "codeCoverageSummary": {
            "lineCoveragePercentage": _percentage(found.lines_covered, found.lines_missed),
            "linesCovered": found.lines_covered,
            "linesMissed": found.lines_missed,
            "branchCoveragePercentage": _percentage(found.branches_covered, found.branches_missed),
            "branchesCovered": found.branches_covered,
            "branchesMissed": found.branches_missed,
        }
    }


def _percentage(covered: int, missed: int) -> float:
    return round(100 * covered / (covered + missed), 2) if covered + missed else 0.0
