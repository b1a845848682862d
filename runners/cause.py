"""The one line of an excerpt that says best why something failed, to stand beside the reason.

The reason says what failed (`docker build` ended with exit code 1), the excerpt is up to thirty lines; where there is
room for one line, it is the first of these that the excerpt has:

1. An exception with what it says. The last one: of a chain it is the one that ended the program.
2. A line that calls itself an error and says which: `COPY failed: ...`, `error TS2322: ...`, `npm ERR! ...`. The first
   one: with compilers and installers what follows is debris.
3. A test that failed, by its name. The first one.
4. Any other line that looks like an error. The last one, as the excerpt is made around it.

Headings, commands that are echoed, and lines that only say that a command failed are none of them.
"""

import re
from collections.abc import Sequence

from runners.excerpt import looks_bad
from storage.model.worded import Worded

LONGEST = 160
_FIRST, _LAST = 0, -1
_SAYS = (
    (re.compile(r"(?:Error|Exception)\b(?:[ \[(][^:]{0,60})?: *\S"), _LAST),
    (
        re.compile(
            r"\b(?:error|fatal|panic|failed)(?: ?[\w\[\]()#-]{1,20}){0,2}: *\S"
            r"|^E: \S|\[error\] +\S|\bERR! +\S|^npm error \S",
            re.IGNORECASE,
        ),
        _FIRST,
    ),
    (re.compile(r"^\s*(?:FAILED|FAIL:?|--- FAIL:|[✗✘]) +[^\s(]"), _FIRST),
    (re.compile(""), _LAST),
)
_NONE_OF_THEM = re.compile(
    # headings, and what is only echoed
    r"^(?:Step \d+/\d+ :|#\d+ \[|[+$>] |={3,}|_{3,}|-{3,} *$|Traceback |\s*File \")"
    # that a command failed, which the reason says
    r"|returned a non-zero code|\bexit(?:ed)?(?: with)?(?: status| code)\b|\bError \d+$|ELIFECYCLE"
    # how many failed, where more is to be read, and what npm says around its error
    r"|^\s*\d+ (?:failed|errors?)\b|^FAILED \(|complete log of this run|above exception"
    r"|^npm (?:ERR!|error) (?:code|errno|syscall|path|cwd|dest)\b"
    r"|^\W*(?:npm )?warn(?:ing)?\b",
    re.IGNORECASE,
)
_PYTEST = re.compile(r"^E {2,}")


def cause_in(excerpt: Sequence[str], reason: str) -> str:
    """Choose the line, at most 160 characters of it; empty when there is none or the reason says it already."""
    lines = [_PYTEST.sub("", line).strip() for line in excerpt if not isinstance(line, Worded) and looks_bad(line)]
    bad = [line for line in lines if not _NONE_OF_THEM.search(line)]
    for says, which in _SAYS:
        if found := [line for line in bad if says.search(line)]:
            return "" if _said(found[which], reason) else _short(found[which])
    return ""


def _said(line: str, reason: str) -> bool:
    return _plain(line).removesuffix("…") in _plain(reason)


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
