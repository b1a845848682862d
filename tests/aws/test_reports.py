"""Test reports of a build of CodeBuild: summed up, and the cases that failed told with the failure."""

from collections import Counter

import pytest

from tests.aws.workshop import Workshop
from tests.doubles.aws.builds import Script
from tests.doubles.aws.server import Server
from tests.runners.bench import Notes

GROUP = "arn:aws:codebuild:sa-east-1:111122223333:report-group/hello-unit"


async def test_sums_up_the_reports(workshop: Workshop, notes: Notes) -> None:
    counts = {"SUCCEEDED": 7, "FAILED": 1, "SKIPPED": 0}
    summary = {"total": 8, "statusCounts": counts, "durationInNanoSeconds": 5}
    workshop.builds.reports = {
        "r1": {"arn": "r1", "name": "unit", "reportGroupArn": GROUP, "status": "FAILED", "testSummary": summary},
        "r2": {"arn": "r2", "name": "cover", "codeCoverageSummary": {"lineCoveragePercentage": 83.5}},
    }
    workshop.script(Script(reports=("r1", "r2")))
    outcome = await workshop.build(notes=notes)
    assert outcome.summary == "tests: 7 passed, 1 failed"
    assert f"report unit: 1 failed, 7 succeeded ({GROUP})" in notes.text
    assert "report cover: 83.5 % of the lines covered" in notes.text


def have_report(workshop: Workshop, arn: str, *statuses: str) -> None:
    """Have a report with cases that ended like this, of a build that fails by them."""
    cases = [
        {"name": f"test_{number}", "status": status, "message": f"expected {number}\n  got 0"}
        for number, status in enumerate(statuses, 1)
    ]
    summary = {"total": len(cases), "statusCounts": Counter(statuses), "durationInNanoSeconds": 5}
    workshop.builds.reports[arn] = {"arn": arn, "name": "unit", "reportGroupArn": GROUP, "testSummary": summary}
    workshop.builds.cases[arn] = cases
    workshop.script(Script(wrong="BUILD", message="exit status 1", reports=tuple(workshop.builds.reports)))


async def test_a_failure_has_the_tests_that_failed_and_what_they_said(workshop: Workshop, notes: Notes) -> None:
    have_report(workshop, "r1", "SUCCEEDED", "FAILED", "ERROR", "SKIPPED")
    failure = await workshop.failure(notes=notes)
    assert failure.error == "build_failed"
    assert failure.reason == (
        "hello #1 failed in BUILD: COMMAND_EXECUTION_ERROR: exit status 1; "
        "failed tests: test_2: expected 2 got 0; test_3: expected 3 got 0"
    )
    assert [line for line in notes.lines if line.startswith("failed test:")] == [
        "failed test: test_2: expected 2 got 0",
        "failed test: test_3: expected 3 got 0",
    ]


async def test_of_many_failed_tests_the_first_are_named_and_the_rest_is_counted(
    workshop: Workshop, notes: Notes
) -> None:
    have_report(workshop, "r1", *["FAILED"] * 30)
    have_report(workshop, "r2", *["ERROR"] * 2)
    failure = await workshop.failure(notes=notes)
    assert failure.reason.endswith("; test_3: expected 3 got 0; and 29 more")
    assert sum(line.startswith("failed test:") for line in notes.lines) == 20
    assert "12 more failed" in notes.text
    assert workshop.server.count("DescribeTestCases") == 4  # pages of five, and no further


async def test_a_report_in_which_nothing_failed_is_not_searched(workshop: Workshop) -> None:
    have_report(workshop, "r1", "SUCCEEDED", "SKIPPED")
    await workshop.failure()
    assert workshop.server.count("DescribeTestCases") == 0


@pytest.mark.parametrize("operation", ["BatchGetReports", "DescribeTestCases"])
async def test_reports_that_may_not_be_read_hide_no_failure(
    workshop: Workshop, server: Server, notes: Notes, operation: str
) -> None:
    have_report(workshop, "r1", "FAILED")
    server.denied.add(f"codebuild:{operation}")
    failure = await workshop.failure(notes=notes)
    assert failure.reason == "hello #1 failed in BUILD: COMMAND_EXECUTION_ERROR: exit status 1"
    assert f"allow codebuild:{operation}" in notes.text
