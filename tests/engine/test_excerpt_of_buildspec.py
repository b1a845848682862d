from runners.excerpt import excerpt_of

LOG = """[Container] 2026/11/23 18:48:40 Entering phase BUILD
[Container] 2026/11/23 18:48:40 Running command docker build -t $URI .
Step 4/4 : RUN python3 -m compileall hello.py
  File "hello.py", line 3
SyntaxError: invalid syntax
The command '/bin/sh -c python3' returned a non-zero code: 1
[Container] 2026/11/23 18:48:42 Command did not exit successfully docker build -t $URI . exit status 1
[Container] 2026/11/23 18:48:42 Phase complete: BUILD State: FAILED
[Container] 2026/11/23 18:48:42 Running command docker push $URI
tag does not exist
[Container] 2026/11/23 18:48:42 Command did not exit successfully docker push $URI exit status 1
[Container] 2026/11/23 18:48:43 Phase context status code: CLIENT_ERROR Message: no matching artifact paths found"""


def test_the_first_command_that_failed_is_quoted_and_not_what_failed_because_of_it() -> None:
    quoted = excerpt_of(LOG.splitlines())
    assert quoted[0] == "Step 4/4 : RUN python3 -m compileall hello.py"
    assert "SyntaxError: invalid syntax" in quoted
    assert not any("docker push" in line for line in quoted)


def test_the_command_and_its_code_are_left_to_the_reason() -> None:
    quoted = excerpt_of(LOG.splitlines())
    assert quoted[-1] == "The command '/bin/sh -c python3' returned a non-zero code: 1"
    assert not any("docker build" in line for line in quoted)


BATCH = """one | [Container] 2026/11/23 18:48:40 Running command make
canary | [Container] 2026/11/23 18:48:40 Running command risk
canary | it was an error to try
canary | [Container] 2026/11/23 18:48:41 Command did not exit successfully risk exit status 1
[Container] 2026/11/23 18:48:41 Build canary: FAILED, which is ignored
one | make: *** [all] Error 1
two | an error of another build
one | [Container] 2026/11/23 18:48:42 Command did not exit successfully make exit status 2
[Container] 2026/11/23 18:48:42 Build one: FAILED"""


def test_of_a_batch_the_build_is_quoted_that_failed_first_and_is_not_ignored() -> None:
    assert excerpt_of(BATCH.splitlines()) == ["one | make: *** [all] Error 1"]
