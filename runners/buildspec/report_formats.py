"""The ten ways to write down tests and coverage that CodeBuild reads, each read into counts."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat


class Unreadable(Exception):  # noqa: N818 - a fact about a file of the build
    """It is not written as its format says."""


@dataclass(frozen=True, slots=True)
class Tests:
    """How many test cases ended how."""

    counts: Mapping[str, int] = field(default_factory=dict)
    """By `SUCCEEDED`, `FAILED`, `ERROR`, `SKIPPED` and `UNKNOWN`."""
    seconds: float = 0.0

    def __add__(self, other: "Tests") -> "Tests":
        """Count two files together."""
        return Tests(dict(Counter(self.counts) + Counter(other.counts)), self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much was covered."""

    lines_covered: int = 0
    lines_missed: int = 0
    branches_covered: int = 0
    branches_missed: int = 0

    def __add__(self, other: "Coverage") -> "Coverage":
        """Count two files together."""
        return Coverage(
            self.lines_covered + other.lines_covered,
            self.lines_missed + other.lines_missed,
            self.branches_covered + other.branches_covered,
            self.branches_missed + other.branches_missed,
        )


def together(one: Tests | Coverage, other: Tests | Coverage) -> Tests | Coverage:
    """Count two files of one format together."""
    if isinstance(one, Tests) and isinstance(other, Tests):
        return one + other
    if isinstance(one, Coverage) and isinstance(other, Coverage):
        return one + other
    raise TypeError("tests and coverage cannot be counted together")


def read(format_: str, data: bytes) -> Tests | Coverage:
    """Read one file. Raises `Unreadable`."""
    try:
        return _READERS[format_](data)
    except (expat.ExpatError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split())[:200] or type(error).__name__) from error


def _junit(data: bytes) -> Tests:
    ends = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}

    def end(case: Element) -> str:
        return next((ends[child.tag] for child in case if child.tag in ends), "SUCCEEDED")

    root = _xml(data, "testsuites", "testsuite")
    return _tests((end(case), _seconds(case.get("time"))) for case in root.iter("testcase"))


def _nunit2(data: bytes) -> Tests:
    ends = {"Success": "SUCCEEDED", "Failure": "FAILED", "Error": "ERROR", "Inconclusive": "UNKNOWN"}
    ends |= dict.fromkeys(("Ignored", "Skipped", "NotRunnable"), "SKIPPED")
    cases = _xml(data, "test-results").iter("test-case")
    return _tests((_nunit2_end(case, ends), _seconds(case.get("time"))) for case in cases)


def _nunit2_end(case: Element, ends: Mapping[str, str]) -> str:
    if case.get("executed", "True").lower() == "false":
        return "SKIPPED"
    passed = "Success" if case.get("success", "True").lower() == "true" else "Failure"
    return ends.get(case.get("result", passed), "UNKNOWN")


def _nunit3(data: bytes) -> Tests:
    ends = {"Passed": "SUCCEEDED", "Failed": "FAILED", "Skipped": "SKIPPED"}

    def end(case: Element) -> str:
        wrong = case.get("result") == "Failed" and case.get("label") == "Error"
        return "ERROR" if wrong else ends.get(case.get("result", ""), "UNKNOWN")

    cases = _xml(data, "test-run", "test-suite").iter("test-case")
    return _tests((end(case), _seconds(case.get("duration"))) for case in cases)


def _testng(data: bytes) -> Tests:
    ends = {"PASS": "SUCCEEDED", "FAIL": "FAILED", "SKIP": "SKIPPED"}
    methods = _xml(data, "testng-results").iter("test-method")
    return _tests(
        (ends.get(method.get("status", ""), "UNKNOWN"), _seconds(method.get("duration-ms")) / 1000)
        for method in methods
        if method.get("is-config") != "true"
    )


def _trx(data: bytes) -> Tests:
    ends = {"Passed": "SUCCEEDED", "Failed": "FAILED", "NotExecuted": "SKIPPED", "Pending": "SKIPPED"}
    ends |= dict.fromkeys(("Error", "Timeout", "Aborted"), "ERROR")
    results = _xml(data, "TestRun").iter("UnitTestResult")
    return _tests((ends.get(one.get("outcome", ""), "UNKNOWN"), _clock(one.get("duration"))) for one in results)


def _cucumber(data: bytes) -> Tests:
    scenarios = (
        scenario
        for feature in _expected(list, json.loads(data))
        for scenario in feature.get("elements", [])
        if scenario.get("type") != "background"
    )
    return _tests(map(_scenario, scenarios))


def _scenario(scenario: Mapping[str, Any]) -> tuple[str, float]:
    results = [step.get("result", {}) for step in scenario.get("steps", [])]
    said = {result.get("status") for result in results}
    ends = {"failed": "FAILED", "undefined": "UNKNOWN", "pending": "UNKNOWN", "skipped": "SKIPPED"}
    worst = next((end for word, end in ends.items() if word in said), "SUCCEEDED")
    end = worst if said <= {"passed", *ends} else "UNKNOWN"
    return end, sum(float(result.get("duration") or 0) for result in results) / 1e9


def _clover(data: bytes) -> Coverage:
    project = _xml(data, "coverage").find("project")
    metrics = project.find("metrics") if project is not None else None
    if metrics is None:
        raise ValueError("there is no project/metrics in it")
    return Coverage(
        *_parts(metrics.get("coveredstatements"), metrics.get("statements")),
        *_parts(metrics.get("coveredconditionals"), metrics.get("conditionals")),
    )


def _cobertura(data: bytes) -> Coverage:
    root = _xml(data, "coverage")
    branches = _parts(root.get("branches-covered"), root.get("branches-valid"))
    if "lines-valid" in root.attrib:
        return Coverage(*_parts(root.get("lines-covered"), root.get("lines-valid")), *branches)
    lines = [line for each in root.iter("class") for line in each.iterfind("lines/line")]
    covered = sum(int(line.get("hits", "0")) > 0 for line in lines)
    return Coverage(covered, len(lines) - covered, *branches)


def _jacoco(data: bytes) -> Coverage:
    counters = {each.get("type"): each for each in _xml(data, "report").findall("counter")}
    lines, branches = (_counter(counters.get(kind)) for kind in ("LINE", "BRANCH"))
    return Coverage(*lines, *branches)


def _counter(found: Element | None) -> tuple[int, int]:
    return (0, 0) if found is None else (int(found.get("covered", "0")), int(found.get("missed", "0")))


def _simplecov(data: bytes) -> Coverage:
    suites = _expected(dict, json.loads(data))
    files = [file for suite in suites.values() for file in suite["coverage"].values()]
    hits = [hit for file in files for hit in (file["lines"] if isinstance(file, dict) else file) if hit is not None]
    counted = [hit for hit in hits if hit != "ignored"]
    branches = [
        hit
        for file in files
        if isinstance(file, dict)
        for taken in file.get("branches", {}).values()
        for hit in taken.values()
    ]
    return Coverage(
        sum(hit > 0 for hit in counted),
        sum(hit <= 0 for hit in counted),
        sum(hit > 0 for hit in branches),
        sum(hit <= 0 for hit in branches),
    )


_READERS: Mapping[str, Callable[[bytes], Tests | Coverage]] = {
    "CUCUMBERJSON": _cucumber,
    "JUNITXML": _junit,
    "NUNITXML": _nunit2,
    "NUNIT3XML": _nunit3,
    "TESTNGXML": _testng,
    "VISUALSTUDIOTRX": _trx,
    "CLOVERXML": _clover,
    "COBERTURAXML": _cobertura,
    "JACOCOXML": _jacoco,
    "SIMPLECOV": _simplecov,
}
FORMATS = tuple(_READERS)
COVERAGE = ("CLOVERXML", "COBERTURAXML", "JACOCOXML", "SIMPLECOV")


def _tests(cases: Iterable[tuple[str, float]]) -> Tests:
    counts: Counter[str] = Counter()
    seconds = 0.0
    for end, lasted in cases:
        counts[end] += 1
        seconds += lasted
    return Tests(dict(counts), seconds)


def _xml(data: bytes, *roots: str) -> Element:
    """Read the elements, without their namespaces; entities are refused, as they can grow without end."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: builder.start(name.rpartition("}")[2], attributes)
    parser.EndElementHandler = lambda name: builder.end(name.rpartition("}")[2])
    parser.EntityDeclHandler = _refuse_entities
    parser.Parse(data, True)
    root = builder.close()
    if root.tag not in roots:
        raise ValueError(f"it begins with <{root.tag[:60]}>, not with <{'> or <'.join(roots)}>")
    return root


def _refuse_entities(*_: object) -> None:
    raise ValueError("it declares entities")


def _expected(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"it should be a {kind.__name__}")
    return value


def _parts(covered: str | None, whole: str | None) -> Iterator[int]:
    yield int(covered or 0)
    yield max(0, int(whole or 0) - int(covered or 0))


def _seconds(text: str | None) -> float:
    """Read `1,234.5`; what is no number, or none that counts, is no time."""
    plain = (text or "").replace(",", "")
    return float(plain) if re.fullmatch(r"\d{1,12}(?:\.\d{1,18})?(?:[eE]-?\d{1,2})?", plain) else 0.0


def _clock(text: str | None) -> float:
    """Read `00:01:02.5`."""
    found = re.fullmatch(r"(\d{1,6}):(\d{2}):(\d{2}(?:\.\d{1,18})?)", text or "")
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0
