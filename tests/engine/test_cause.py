"""The one line that says best why something failed, of what real tools print."""

import pytest

from runners.cause import LONGEST, cause_in
from runners.excerpt import excerpt_of
from storage.model.worded import worded

DOCKER = """Step 1/3 : FROM estiva/python:base
Step 2/3 : WORKDIR /app
Step 3/3 : COPY hello.py greetings.json ./
COPY failed: file not found in build context or excluded by .dockerignore: stat greetings.json: file does not exist"""
NPM = """Step 4/5 : RUN npm ci
npm ERR! code E404
npm ERR! 404 Not Found - GET https://registry.example.com/lefd-pad - Not found
npm ERR! A complete log of this run can be found in: /home/ci/.npm/_logs/debug-0.log
The command '/bin/sh -c npm ci' returned a non-zero code: 1"""
PYTHON = """Traceback (most recent call last):
  File "/app/hello.py", line 3, in <module>
    import flask
ModuleNotFoundError: No module named 'flask'"""
CHAINED = """Traceback (most recent call last):
KeyError: 'token'
During handling of the above exception, another exception occurred:
Traceback (most recent call last):
    raise RuntimeError("no token: set TOKEN")
RuntimeError: no token: set TOKEN"""
PYTEST = """=========== FAILURES ===========
___________ test_greets ___________
    def test_greets():
>       assert greet("Ana") == "Hello, Ana"
E       AssertionError: assert 'Hello' == 'Hello, Ana'
test_hello.py:4: AssertionError
1 failed, 6 passed in 0.03s"""
PLAIN_PYTEST = """>       assert 1 == 2
E       assert 1 == 2
FAILED test_hello.py::test_counts - assert 1 == 2
1 failed, 6 passed in 0.03s"""
UNITTEST = """FAIL: test_greets (test_hello.Greets.test_greets)
Traceback (most recent call last):
AssertionError: 'Hello' != 'Hello, Ana'
Ran 7 tests in 0.001s
FAILED (failures=1)"""
GO = """--- FAIL: TestGreets (0.00s)
    hello_test.go:9: got Hello, want Hello, Ana
FAIL
FAIL\thello\t0.003s"""
TYPESCRIPT = """> tsc --noEmit
src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.
src/b.ts(9,1): error TS2304: Cannot find name 'greet'.
npm ERR! code ELIFECYCLE"""
C = """hello.c:3:5: error: expected ';' before 'return'
hello.c:9:1: error: control reaches end
make: *** [Makefile:2: hello] Error 1"""
PIP = """ERROR: Could not find a version that satisfies the requirement flsk==9 (from versions: none)
ERROR: No matching distribution found for flsk==9
WARNING: the missing pip is old"""
APT = "E: Unable to locate package curll\nThe command '/bin/sh -c apt-get' returned a non-zero code: 100"
SHELL = "Step 2/2 : RUN vite build\n/bin/sh: 1: vite: not found\nThe command '/bin/sh' returned a non-zero code: 127"
BUILDKIT = """#9 [4/4] RUN npm run build
#9 0.412 npm error Missing script: "build"
ERROR: failed to solve: process "/bin/sh -c npm run build" did not complete successfully: exit code: 1"""


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (DOCKER, DOCKER.splitlines()[-1]),
        (NPM, "npm ERR! 404 Not Found - GET https://registry.example.com/lefd-pad - Not found"),
        (PYTHON, "ModuleNotFoundError: No module named 'flask'"),
        (CHAINED, "RuntimeError: no token: set TOKEN"),
        (PYTEST, "AssertionError: assert 'Hello' == 'Hello, Ana'"),
        (PLAIN_PYTEST, "FAILED test_hello.py::test_counts - assert 1 == 2"),
        (UNITTEST, "AssertionError: 'Hello' != 'Hello, Ana'"),
        (GO, "--- FAIL: TestGreets (0.00s)"),
        (TYPESCRIPT, "src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'."),
        (C, "hello.c:3:5: error: expected ';' before 'return'"),
        (PIP, "ERROR: Could not find a version that satisfies the requirement flsk==9 (from versions: none)"),
        (APT, "E: Unable to locate package curll"),
        (SHELL, "/bin/sh: 1: vite: not found"),
        (BUILDKIT, '#9 0.412 npm error Missing script: "build"'),
        ("compiling\nall well\n0 errors", ""),
        ("Step 1/1 : RUN test -f missing\nThe command '/bin/sh' returned a non-zero code: 1", ""),
        ("", ""),
    ],
)
def test_the_cause_is_found_in_what_the_tools_print(log: str, cause: str) -> None:
    assert cause_in(excerpt_of(log.splitlines()), "PRE_BUILD: `make` ended with exit code 1") == cause


def test_what_the_reason_says_is_not_said_again() -> None:
    assert cause_in(DOCKER.splitlines(), DOCKER.splitlines()[-1]) == ""
    assert cause_in(DOCKER.splitlines(), f"build/image: {DOCKER.splitlines()[-1]}") == ""
    long = "error: " + "x" * 400
    assert cause_in(excerpt_of([long]), long) == ""


def test_it_is_one_line_that_has_an_end() -> None:
    cause = cause_in(["error: " + "x" * 400], "exit code 1")
    assert len(cause) == LONGEST
    assert cause.endswith("…")


def test_what_was_counted_is_no_cause() -> None:
    assert cause_in([worded("… {count} more lines like that", count="error: 3")], "exit code 1") == ""
