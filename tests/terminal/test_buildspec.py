"""`estiva buildspec check|run`: what people type, and what programs read."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runners.bench import git
from tests.terminal.conftest import Estiva

HEAD = "version: 0.2\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "hello"
    place.mkdir()
    return place


def _spec(place: Path, text: str) -> Path:
    file = place / "buildspec.yml"
    file.write_text(HEAD + text)
    return file


def test_check_says_that_all_is_well(estiva: Estiva, place: Path) -> None:
    assert "good" in estiva("buildspec", "check", str(_spec(place, "phases: {build: {commands: [a]}}\n"))).output


def test_check_names_every_problem_with_its_line(estiva: Estiva, place: Path) -> None:
    file = _spec(place, "env: {shell: zsh}\nphases: {nope: {}, build: {commands: [a: b]}}\nartifacts: {name: x}\n")
    result = estiva("buildspec", "check", str(file), code=2)
    for said in (
        "line 2: shell",
        "line 3: there is no phase nope",
        "line 3: Expected Commands[0]",
        "line 4: artifacts",
    ):
        assert f"{file}: {said}" in result.output
    found = json.loads(estiva("buildspec", "check", str(file), "--json", code=2).stdout)
    assert [each["line"] for each in found["problems"]] == [2, 3, 3, 4]


def test_check_reads_as_much_of_a_file_as_a_build_does(estiva: Estiva, place: Path) -> None:
    file = _spec(place, "phases: {build: {commands: [a]}}\n#" + "\N{GRINNING FACE}" * 700_000 + "\nphases: [\n")
    assert "line 5: " in estiva("buildspec", "check", str(file), code=2).output


def test_check_warns_of_what_is_left_out(estiva: Estiva, place: Path) -> None:
    file = _spec(place, "nonsense: 1\nphases: {build: {commands: [a]}}\n")
    assert json.loads(estiva("buildspec", "check", str(file), "--json").stdout)["warnings"] == [
        {"line": 2, "text": "unknown key nonsense is left out"}
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "is no directory"),
        ([".", "--env", "A"], "should be NAME=VALUE"),
        ([".", "--env", "CODEBUILD_X=1"], "the build's own"),
        ([".", "--buildspec", "../x"], "a path inside the source"),
        ([".", "--network", "web"], "none, bridge or host"),
        ([".", "--memory", "lots"], "a size such as 512m"),
        ([".", "--artifacts", "."], "is no empty directory"),
    ],
)
def test_run_refuses_what_is_wrong_with_what_to_do(estiva: Estiva, words: list[str], said: str) -> None:
    assert said in estiva("buildspec", "run", *words, code=2).output


def test_run_loses_nothing_that_is_where_secondary_artifacts_go(estiva: Estiva, place: Path, tmp_path: Path) -> None:
    _spec(
        place,
        "phases: {build: {commands: [touch a]}}\nartifacts: {files: a, secondary-artifacts: {docs: {files: a}}}\n",
    )
    made, kept = tmp_path / "made", tmp_path / "made.secondary" / "docs" / "mine"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    words = ["buildspec", "run", str(place), "--artifacts", str(made)]
    said = " ".join(estiva(*words, code=2).output.split())
    assert "made.secondary is no empty directory: secondary artifacts go there." in said
    assert (kept.read_text(), made.exists()) == ("mine", False)


def test_check_of_a_file_that_is_not_there(estiva: Estiva, place: Path) -> None:
    assert "No such file" in estiva("buildspec", "check", str(place / "none.yml"), code=2).output


@pytest.mark.docker
def test_run_builds_a_copy_and_hands_artifacts_on(estiva: Estiva, place: Path, tmp_path: Path) -> None:
    git(place, "init", "--quiet")
    _spec(
        place,
        "env: {exported-variables: [TAG]}\n"
        "phases: {build: {commands: ['echo $WHO > out', 'TAG=$CODEBUILD_RESOLVED_SOURCE_VERSION']}}\n"
        "artifacts: {files: out, name: all}\n",
    )
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "-m", "x")
    made = tmp_path / "made"
    words = ["buildspec", "run", str(place), "--env", "WHO=ana", "--artifacts", str(made), "--json"]
    result = estiva(*words)
    document = json.loads(result.stdout)
    assert document["buildStatus"] == "SUCCEEDED"
    assert [phase["phaseType"] for phase in document["phases"]][-1] == "COMPLETED"
    assert document["exportedEnvironmentVariables"] == [{"name": "TAG", "value": git(place, "rev-parse", "HEAD")}]
    assert document["artifacts"] == [{"identifier": "", "name": "all", "location": str(made), "files": ["out"]}]
    assert (made / "out").read_text() == "ana\n"
    assert not (place / "out").exists()
    assert "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED" in result.stderr


@pytest.mark.docker
def test_run_ends_with_the_status_of_the_build(estiva: Estiva, place: Path) -> None:
    _spec(place, "phases: {build: {commands: [echo on, exit 3]}}\n")
    result = estiva("buildspec", "run", str(place), code=1)
    assert "\non\n" in result.stdout
    assert "Command did not exit successfully exit 3 exit status 3" in result.stdout


@pytest.mark.docker
def test_a_build_without_its_image_says_what_to_do(estiva: Estiva, place: Path) -> None:
    _spec(place, "phases: {build: {commands: [echo never]}}\n")
    result = estiva("buildspec", "run", str(place), "--image", "estiva/none:here", code=1)
    assert "there is no image estiva/none:here" in result.output
    assert "--image IMAGE" in result.output
    assert "--pull" in result.output


def test_a_batch_is_one_document(estiva: Estiva, place: Path) -> None:
    _spec(
        place, "batch: {build-list: [{identifier: one}, {identifier: two}]}\nphases: {build: {commands: [echo on]}}\n"
    )
    document = json.loads(estiva("buildspec", "run", str(place), "--batch", "--json").stdout)
    assert document["buildBatchStatus"] == "SUCCEEDED"
    assert [group["identifier"] for group in document["buildGroups"]] == ["one", "two"]


@pytest.mark.docker
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_build(place: Path, tmp_path: Path, told: signal.Signals) -> None:
    _spec(place, "phases: {build: {commands: [echo up, sleep 300]}}\n")
    heard = ["env", "--default-signal=INT"]  # who is started in the background by a script ignores interrupts
    words = [*heard, sys.executable, "-m", "bot", "buildspec", "run", str(place), "--json"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line == "up\n" for line in process.stderr)
        process.send_signal(told)
        out, _ = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode == 1
    assert document["buildStatus"] == "STOPPED"
    assert [phase["phaseStatus"] for phase in document["phases"] if phase["phaseType"] == "BUILD"] == ["STOPPED"]
    assert not list(tmp_path.glob("estiva-buildspec-*"))
