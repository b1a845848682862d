"""The few lines of a log that say what went wrong."""

import re
from collections.abc import Sequence

from runners.repeats import without_repeats

LINES = 30
CHARACTERS = 2_400
_LINE = 240

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07")
_BAD = re.compile(
    r"\b(?:error|errors|failed|failure|failures|fatal|exception|traceback|panic|cannot|could not|denied|refused"
    r"|undefined|unresolved|missing|no such|not found|killed|abort(?:ed)?|timed? ?out|assert(?:ion)?(?:error)?"
    r"|unable to|can't|does(?:n't| not) exist|no matching|non-zero|segmentation fault|core dumped)\b"
    r"|\w+(?:Error|Exception)\b|^E[:\s]|\bERR!|^\s*(?:--- )?(?:FAIL|✗|✘)",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\b(?:0|no) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)\s*[:=]\s*0\b", re.IGNORECASE
)
_NOISE = re.compile(
    r"^[\s\-=_*#.~+|]*$"
    r"|^ ---> (?:[0-9a-f]{12}|Using cache|Running in [0-9a-f]{12})$|^Removing intermediate container [0-9a-f]{12}$"
    r"|^Sending build context to Docker daemon\b"
    r"|^[0-9a-f]{12}: (?:Pull|Waiting|Verifying|Download|Already exists|Preparing|Layer already|Pushed)"
)
"""Rulers, and what Docker's builder says between the steps: ids of layers, none of which anybody looks up."""
_AGENT = re.compile(r"^(?P<build>\w+ \| )?\[Container\] \S+ \S+ (?P<said>.*)$", re.ASCII)
"""A line of CodeBuild's agent, and of our own buildspec runner; of a batch with the name of the build before it."""
_IGNORED = re.compile(r"Build (?P<build>\w+): \w+, which is ignored", re.ASCII)
_ENDED = "Command did not exit successfully"
_START = re.compile(r"^\s*Traceback \(most recent call last\)|^={3,} (?:FAILURES|ERRORS) ={3,}")


def excerpt_of(lines: Sequence[str]) -> list[str]:
    """Pick the window around the last lines that look like an error, else the end.

    At most 30 lines and 2,400 characters, newlines not counted; colours, blank lines and rulers are left out, and what
    is repeated is counted.
    """
    told = _first_failure([line for line in (_clean(line) for line in lines) if not _NOISE.match(line)])
    clean = without_repeats(told)
    bad = [index for index, line in enumerate(clean) if looks_bad(line)]
    if not bad or len(clean) <= LINES:
        return _fitting(clean, bad[-1] if bad else len(clean) - 1)
    first, last = _cluster(clean, bad)
    end = min(len(clean), max(last + 6, first + LINES))
    begin = max(0, min(first - 4, end - 1), end - LINES)
    return _fitting(clean[begin:end], last - begin)


def looks_bad(line: str) -> bool:
    """Tell whether a line looks like an error."""
    return _BAD.search(line) is not None and not _GOOD.search(line)


def _first_failure(lines: list[str]) -> list[str]:
    """Of a buildspec's log, keep what the command said that failed first: what failed after it is debris.

    Which command that was, and how it ended, is the reason of the failure, and not said again.
    """
    said = [(found["build"] or "", found["said"]) if (found := _AGENT.match(line)) else ("", "") for line in lines]
    ignored = {f"{found['build']} | " for _, text in said if (found := _IGNORED.fullmatch(text))}
    failed = next((i for i, (build, text) in enumerate(said) if text.startswith(_ENDED) and build not in ignored), None)
    if failed is None:
        return lines
    mine = said[failed][0]
    running = [i for i in range(failed) if said[i][0] == mine and said[i][1].startswith("Running command")]
    began = running[-1] if running else 0
    return [line for line in lines[began:failed] if line.startswith(mine) and not _AGENT.match(line)]


def _clean(line: str) -> str:
    """Keep what a terminal would show at the end: no colours, the last state of a progress line, a bounded length."""
    shown = _COLOURS.sub("", line).rstrip().rsplit("\r", 1)[-1]
    return shown if len(shown) <= _LINE else f"{shown[: _LINE - 1]}…"


def _cluster(lines: list[str], bad: list[int]) -> tuple[int, int]:
    """Find the last run of error lines with gaps of at most eight, stretched back to where a traceback begins."""
    last = first = bad[-1]
    for index in reversed(bad):
        if first - index > 8 or last - index >= LINES - 6:  # noqa: PLR2004 - the gap that the first line names
            break
        first = index
    starts = [i for i in range(max(0, last - LINES + 6), first) if _START.match(lines[i])]
    return (starts[-1] if starts else first), last


def _fitting(lines: list[str], heart: int) -> list[str]:
    """Cut from both ends, far end first, until it fits; the line `heart` stays."""
    begin, end = 0, len(lines)
    while end - begin > LINES or sum(map(len, lines[begin:end])) > CHARACTERS:
        if heart - begin >= end - 1 - heart:
            begin += 1
        else:
            end -= 1
    return lines[begin:end]
