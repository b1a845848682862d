"""Every fact of the cases beside this file, shown by a real build in a real container."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners.buildspec.aws_values import AwsValues, of_environment
from runners.buildspec.batch import BatchBuild
from runners.buildspec.batch_record import BatchRecord
from runners.buildspec.build import Build
from runners.buildspec.environment import About
from runners.buildspec.machine import DockerMachine, Machine
from runners.buildspec.order import Order
from runners.buildspec.record import Record
from runners.containers import Containers
from runners.job import Exit, Job
from tests.doubles.aws.server import KEY, REGION, SECRET, Server
from tests.doubles.aws.values import Kept
from tests.runners.bench import Notes, git
from tests.runners.conformance.case import Case, cases
from tests.runners.conformance.conftest import DASH
from tests.runners.conformance.shared import SharedMachine

pytestmark = pytest.mark.docker
CASES = list(cases())
UNDER_DASH = [replace(case, image="dash") for case in CASES if not case.alone and "BUILD_IMAGE" not in case.spec]
"""Those that say nothing of their own image."""
_WALKED = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS")


class Bench:
    """One case on its way."""

    def __init__(self, case: Case, machine: Machine, root: Path, aws: Server) -> None:
        self.case = case
        self._machine = machine
        self._place = root / uuid.uuid4().hex[:8]
        self._values = AwsValues(
            of_environment(
                {
                    "AWS_ACCESS_KEY_ID": KEY,
                    "AWS_SECRET_ACCESS_KEY": SECRET,
                    "AWS_REGION": REGION,
                    "AWS_ENDPOINT_URL_SSM": aws.url,
                    "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url,
                }
            )
        )
        self.notes = Notes()
        self.build: Build | BatchBuild | None = None

    async def run(self) -> Record | BatchRecord:
        """Build it in a workspace of its own."""
        self.notes = Notes()
        order = self._order(self._place / uuid.uuid4().hex[:8])
        make = BatchBuild if self.case.batch else Build
        return await make(self._machine, self._values, order, self.notes.line).run()

    def _order(self, workspace: Path) -> Order:
        source = workspace / "source"
        for name, text in {**self.case.files, **({"buildspec.yml": self.case.text} if self.case.text else {})}.items():
            place = source / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
        source.mkdir(parents=True, exist_ok=True)
        commit = _committed(source) if self.case.git else ""
        return Order(
            key=f"conformance/{workspace.name}",
            about=About(
                project="hello",
                number="7",
                suffix="11112222",
                image=DASH if self.case.image == "dash" else self.case.image,
                initiator="ana",
                repository="https://git.example.com/hello.git",
                asked="main",
                commit=commit,
                region=REGION,
            ),
            source=source,
            workspace=workspace,
            artifacts=workspace / "artifacts",
            secondary=workspace / "secondary",
            buildspec=self.case.buildspec,
            overrides=self.case.env,
            timeout=self.case.seconds,
            caches=self._place / "caches" if self.case.again is not None else None,
        )


def _committed(source: Path) -> str:
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "-m", "x")
    return git(source, "rev-parse", "HEAD")


@pytest.fixture
def bench(
    case: Case, machines: Mapping[str, SharedMachine], containers: Containers, root: Path, aws: Server, kept: Kept
) -> Bench:
    kept.parameters |= case.parameters
    for name, value in case.secrets.items():
        secret, _, version = name.partition("@")
        kept.keep(secret, value, version or "AWSCURRENT")
    return Bench(case, DockerMachine(containers) if case.alone else machines[case.image], root, aws)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.topic}: {case.fact}" for case in CASES])
async def test_a_build_does_as_codebuild_does(case: Case, bench: Bench) -> None:
    await _does(case, bench)


@pytest.mark.sweep
@pytest.mark.parametrize("case", UNDER_DASH, ids=[f"{case.topic}: {case.fact}" for case in UNDER_DASH])
async def test_a_build_does_the_same_under_dash(case: Case, bench: Bench) -> None:
    await _does(case, bench)


class Silent:
    """A `Machine` whose job ends well and says nothing of what it did."""

    socket = "/nowhere"

    async def provision(self, order: Order) -> None:
        """Nothing is needed."""

    async def walk(self, walked: Job, order: Order, take: Callable[[str], None]) -> Exit:
        return Exit(code=0, out_of_memory=False)

    async def remove(self, key: str) -> None:
        """Nothing is left."""


async def test_a_build_of_which_nothing_is_known_has_failed(root: Path, aws: Server) -> None:
    case = next(case for case in CASES if case.said is not None and not case.alone)
    record = await Bench(case, Silent(), root, aws).run()
    assert not isinstance(record, BatchRecord)
    assert record.status.value == "FAILED"


async def _does(case: Case, bench: Bench) -> None:
    record = await bench.run()
    _log_is_right(case, bench.notes)
    if isinstance(record, BatchRecord):
        built = {name: each.status.value if each else "STOPPED" for name, (_, each) in record.builds.items()}
        assert (record.status, built) == (case.status, case.builds or built), bench.notes.text
    else:
        _record_is_right(case, record, bench.notes)
    _nothing_leaks(case, record, bench.notes)
    for _ in range(case.times if case.again is not None else 0):
        await bench.run()
        assert _printed(bench.notes) == case.again, bench.notes.text


def _log_is_right(case: Case, notes: Notes) -> None:
    if case.said is not None:
        assert _printed(notes) == case.said, notes.text
    if case.counted:
        assert _printed(notes) == [str(number) for number in range(1, case.counted + 1)]
    agent = iter([line.split(" ", 3)[3] for line in notes.lines if line.startswith("[Container] ")])
    for wanted in case.log:
        assert any(_fits(line, wanted) for line in agent), (wanted, notes.text)


def _fits(line: str, wanted: str) -> bool:
    """Tell whether a line is the one; `...` stands for anything at its end."""
    return line.startswith(wanted[:-3]) if wanted.endswith("...") else line == wanted


def _printed(notes: Notes) -> list[str]:
    """Give what commands printed, and the later lines of commands that are announced."""
    return [line for line in notes.lines if not line.startswith("[Container]")]


def _record_is_right(case: Case, record: Record, notes: Notes) -> None:
    walked = [f"{phase.type} {phase.status}" for phase in record.phases if phase.type in _WALKED]
    assert record.status == case.status, notes.text
    if case.phases:
        assert walked == case.phases
    if case.whole:
        assert [f"{phase.type} {phase.status or ''}".strip() for phase in record.phases] == case.whole
    if case.status != "SUCCEEDED":
        assert record.failed is not None
        assert record.failed.context.code == case.code
        assert _fits(record.failed.context.message, case.message or "..."), record.failed.context
    made = record.artifacts
    if case.artifacts is not None:
        assert list(made[""].files if "" in made else ()) == case.artifacts
    if case.named:
        assert made[""].name == case.named
    for name, files in case.secondary.items():
        assert list(made[name].files) == files
    for name, text in case.content.items():
        assert (Path(made[""].location) / name).read_text() == text
    if case.exported is not None:
        assert record.exported == case.exported
    if case.reports is not None:
        assert [
            _part(report.document(), wanted) for report, wanted in zip(record.reports, case.reports, strict=True)
        ] == (case.reports)


def _part(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _part(document[name], value) if isinstance(value, dict) else document[name]
        for name, value in wanted.items()
    }


def _nothing_leaks(case: Case, record: Record | BatchRecord, notes: Notes) -> None:
    for text in case.never:
        assert text not in notes.text
        assert text not in str(record.document())


def test_there_are_enough_of_them_and_each_states_another_fact() -> None:
    assert len(CASES) >= 120
    assert len({(case.topic, case.fact) for case in CASES}) == len(CASES)
