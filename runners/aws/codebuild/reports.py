"""The test reports of a build of CodeBuild: all its tests in one line, and the cases that failed, by name."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runners.aws.codebuild.builds import Build
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink
from storage.model.worded import joined, worded

_PAGE = 100
_GOOD, _BAD = "SUCCEEDED", ("FAILED", "ERROR")
_LISTED, _NAMED = 20, 3
"""How many failed cases the log has, and how many of them the reason of a failure has."""
_LONGEST_NAME, _LONGEST = 120, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case that failed. Whoever wrote the tests wrote this, so it is cut to a length."""

    name: str
    message: str

    @property
    def told(self) -> str:
        """Give it in one line."""
        return f"{self.name}: {self.message}" if self.message else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """How the tests of a build ended."""

    passed: int = 0
    failed: int = 0
    cases: Sequence[Case] = ()
    """The first of those that failed, as far as they may be read."""

    @property
    def summary(self) -> str:
        """Sum up all tests in one line; empty when there are none."""
        if self.failed:
            return worded("tests: {passed} passed, {failed} failed", passed=self.passed, failed=self.failed)
        return worded("tests: {passed} passed", passed=self.passed) if self.passed else ""

    def told_in(self, failure: ActionFailed) -> ActionFailed:
        """Give the failure of the build with the tests that failed in its reason."""
        if self.cases:
            failure.reason = joined([failure.reason, self._named()])
        return failure

    def _named(self) -> str:
        first = self.cases[:_NAMED]
        names = "; ".join(each.told for each in first)
        if more := self.failed - len(first):
            return worded("failed tests: {names}; and {more} more", names=names, more=more)
        return worded("failed tests: {names}", names=names)


async def read(account: Account, build: Build, sink: Sink) -> Tested:
    """Show the reports of a build, and the cases that failed. What may not be read is said, and fails nothing."""
    found = await _reports(account, build, sink)
    for each in found:
        sink.line(f"report {each.get('name', '')}: {_summed(each)} ({each.get('reportGroupArn', '')})")
    failed = sum(_failed(each) for each in found)
    return Tested(
        passed=sum(_counts(each).get(_GOOD, 0) for each in found),
        failed=failed,
        cases=await _shown(account, found, failed, sink) if failed else (),
    )


async def _reports(account: Account, build: Build, sink: Sink) -> Sequence[Mapping[str, Any]]:
    arns = build.raw.get("reportArns", [])[:_PAGE]
    if not arns:
        return ()
    try:
        answer = await account.call("codebuild", "batch_get_reports", reportArns=arns)
    except ActionFailed as failure:
        sink.line(f"the reports cannot be read: {failure.reason}; {failure.hint}")
        return ()
    return list(answer.get("reports", []))


async def _shown(account: Account, reports: Sequence[Mapping[str, Any]], failed: int, sink: Sink) -> Sequence[Case]:
    """Show the first cases that failed, of all reports."""
    found: list[Case] = []
    try:
        async for case in _cases(account, reports):
            sink.line(f"failed test: {case.told}")
            found.append(case)
            if len(found) == _LISTED:
                break
    except ActionFailed as failure:
        sink.line(f"the failed tests cannot be read: {failure.reason}; {failure.hint}")
    if found and failed > len(found):
        sink.line(f"{failed - len(found)} more failed; CodeBuild has them all")
    return found


async def _cases(account: Account, reports: Sequence[Mapping[str, Any]]) -> AsyncIterator[Case]:
    """Give the cases that failed; only reports and ends that have some are asked for."""
    for report in reports:
        for status in (each for each in _BAD if _counts(report).get(each)):
            asked = account.pages(
                "codebuild",
                "describe_test_cases",
                reportArn=report["arn"],
                filter={"status": status},
                maxResults=_LISTED,
            )
            async for page in asked:
                for raw in page.get("testCases", []):
                    yield _case(raw)


def _case(raw: Mapping[str, Any]) -> Case:
    message = " ".join(raw.get("message", "").split())
    return Case(name=raw.get("name", "")[-_LONGEST_NAME:], message=message[:_LONGEST])


def _counts(report: Mapping[str, Any]) -> Mapping[str, int]:
    counts: Mapping[str, int] = report.get("testSummary", {}).get("statusCounts", {})
    return counts


def _failed(report: Mapping[str, Any]) -> int:
    return sum(_counts(report).get(word, 0) for word in _BAD)


def _summed(report: Mapping[str, Any]) -> str:
    """Say what a report holds, in one line: tests by how they ended, or how much is covered."""
    coverage = report.get("codeCoverageSummary", {})
    if "lineCoveragePercentage" in coverage:
        return f"{coverage['lineCoveragePercentage']:g} % of the lines covered"
    counts = ", ".join(f"{count} {word.lower()}" for word, count in sorted(_counts(report).items()) if count)
    return counts or str(report.get("status", "")).lower()
