"""Reading buildspecs: the shapes that public repositories have, and errors that name their line."""

from functools import partial
from pathlib import Path

import pytest

from runners.buildspec.artifacts import Upload
from runners.buildspec.model import BuildspecInvalid, OnFailure
from runners.buildspec.parser import parse
from runners.buildspec.reports import collect

HEAD = "version: 0.2\nphases:\n  build:\n    commands:\n"


def _commands(items: str) -> tuple[str, ...]:
    return parse(HEAD + items).phases["build"].commands


def test_every_scalar_stays_the_text_it_is() -> None:
    assert _commands("      - 3.10\n      - yes\n      - 0755\n      - 12:30:45\n") == (
        "3.10",
        "yes",
        "0755",
        "12:30:45",
    )
    spec = parse("version: 0.2\nenv: {variables: {V: 3.10, E: '', P: $PATH:/x}}\nphases: {}\n")
    assert spec.variables == {"V": "3.10", "E": "", "P": "$PATH:/x"}


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("version: 0.2\nphases:\n  build:\n    commands: |\n      a\n      b\n", ("a\nb\n",)),
        ("version: 0.2\nphases:\n  build:\n    commands:\n", ()),
        ("version: 0.2\nphases:\n  build:\n    finally: [x]\n", ()),
        (HEAD + "      - # nothing\n      - a\n", ("a",)),
        ("\ufeff---\r\nversion: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n      - a # ção\r\n", ("a",)),
        ("phases: {build: {commands: [a]}}\nversion: '0.2'\n", ("a",)),
        (HEAD + "      - if x; then\n          y; fi\n", ("if x; then y; fi",)),
    ],
)
def test_accepts_the_shapes_people_write(text: str, commands: tuple[str, ...]) -> None:
    assert parse(text).phases["build"].commands == commands


def test_artifacts_files_may_be_one_name_and_type_is_left_out() -> None:
    spec = parse(
        "version: 0.2\nphases: {}\nartifacts:\n  type: zip\n  files: imagedefinitions.json\n  discard-paths: YES\n"
    )
    assert spec.artifacts is not None
    assert spec.artifacts.patterns == ("imagedefinitions.json",)
    assert spec.artifacts.discard_paths


def test_version_0_1_has_names_of_its_own() -> None:
    spec = parse("version: 0.1\nenvironment_variables: {plaintext: {A: b}}\nphases: {build: {commands: [a]}}\n")
    assert spec.isolated
    assert spec.variables == {"A": "b"}


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("ABORT", OnFailure(action="ABORT")),
        ("continue", OnFailure(action="CONTINUE")),
        ("RETRY", OnFailure(action="RETRY", retries=3)),
        ("Retry-2", OnFailure(action="RETRY", retries=2)),
        ("RETRY-2-exit status 7", OnFailure(action="RETRY", retries=2, pattern="exit status 7")),
        ("RETRY-5xx.*", OnFailure(action="RETRY", retries=3, pattern="5xx.*")),
    ],
)
def test_reads_on_failure(said: str, means: OnFailure) -> None:
    spec = parse(f"version: 0.2\nphases:\n  build:\n    on-failure: {said}\n    commands: [a]\n")
    assert spec.phases["build"].on_failure == means


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "      - a\n      - echo tag: b\n", r"Expected Commands\[1\] to be of string type.* at line 6"),
        (HEAD + "\t- a\n", "line 5"),
        (HEAD + "      - [ -f x ] && y\n", "line 5"),
        (HEAD + "      - *x\n", "line 5"),
        (HEAD + "      - '@ok'\n      - @x\n", "line 6"),
        ("version: 0.2\nphases: {}\nartifacts:\n  files: **/*\n", "line 4"),
        ("version: 0.2\n<<<<<<< HEAD\nphases: {}\n", "line [23]"),
        ("version: 0.3\nphases: {}\n", "line 1: version should be 0.2 or 0.1, not 0.3"),
        ("phases: {}\n", "version should be"),
        ("", "no mapping"),
        ("version: 0.2\n", "phases are missing"),
        ("version: 0.2\nphases: {biuld: {commands: [a]}}\n", "no phase biuld"),
        ("version: 0.2\nphases: {build: {steps: [a]}}\n", "steps of phase build .* are not supported"),
        ("version: 0.2\nrun-as: no body\nphases: {}\n", "line 2: run-as should be the name of a user"),
        ("version: 0.2\nenv: {secrets-manager: {A: 'b::c:d'}}\nphases: {}\n", "by its version-stage or its version-id"),
        ("version: 0.2\nbatch: {fast-fail: true}\nphases: {}\n", "batch should have one of"),
        (
            "version: 0.2\nenv: {variables: {CODEBUILD_X: b}}\nphases: {}\n",
            "names that begin with CODEBUILD_ are reserved",
        ),
        ("version: 0.2\nenv: {shell: zsh}\nphases: {}\n", "shell should be bash"),
    ],
)
def test_each_problem_is_one_line_that_names_its_place(text: str, problem: str) -> None:
    with pytest.raises(BuildspecInvalid, match=problem) as invalid:
        parse(text)
    assert all("\n" not in each for each in invalid.value.problems)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BuildspecInvalid) as invalid:
        parse("version: 7\nbatch: {a: b}\nphases: {nope: {}}\n")
    assert len(invalid.value.problems) == 3


def test_what_is_left_out_is_said() -> None:
    spec = parse("version: 0.2\nnonsense: 1\nphases: {}\nphases: {}\n")
    said = " ".join(map(str, spec.warnings))
    for word in ("line 2: unknown key nonsense", "line 4: the key phases stands twice"):
        assert word in said


def test_no_report_is_dropped_that_another_one_is_called_like(tmp_path: Path) -> None:
    """One by its name, one by the ARN of the group that the name stands for."""
    arn = "arn:aws:codebuild:x:1:report-group/hello-unit"
    text = HEAD + f"      - x\nreports:\n  unit: {{files: ['*']}}\n  {arn}: {{files: ['*']}}\n"
    nothing = partial(Upload, source=tmp_path, values={}, say=lambda _: None)
    found = collect(parse(text).reports, "hello", {}, lambda files: nothing(files=files))
    assert [each.name for each in found] == ["hello-unit", "hello-unit"]
