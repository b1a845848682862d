"""docs/buildspec.md is true: it names all that the code knows, and its example is one."""

import re
from pathlib import Path

import pytest
import typer

from bot.cli.buildspec import app
from runners.buildspec import batch_section, parser, prepare, references, sections
from runners.buildspec.environment import About, given
from runners.buildspec.model import PHASES
from runners.buildspec.parser import parse
from runners.buildspec.record import Status
from runners.buildspec.report_formats import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "buildspec.md").read_text()
_KEYS = {
    *(*parser.TOP, *parser.PHASE, *sections.ENV, *sections.FILES, *sections.REPORT, *sections.CACHE),
    *(*batch_section.KINDS, *PHASES, *FORMATS, prepare.NO_IMAGE, references.PARAMETERS, references.SECRETS),
}
_ABOUT = About(project="p", number="1", suffix="s", image="i", initiator="a", batch="one", region="sa-east-1")


@pytest.mark.parametrize("name", sorted(_KEYS))
def test_the_page_names(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_page_names_every_variable_and_status() -> None:
    variables = [name for name in given(_ABOUT, Path("/x")) if not name.startswith("GIT_")]
    statuses = [status.value for status in Status if status is not Status.IN_PROGRESS]
    assert [name for name in (*variables, *statuses) if f"`{name}`" not in PAGE] == []


def test_the_page_names_no_variable_that_is_not_there() -> None:
    known = {*given(_ABOUT, Path("/x")), "CODEBUILD_LAST_EXIT"}
    assert set(re.findall(r"`(CODEBUILD_\w+[A-Z])`", PAGE)) <= known


def test_the_page_names_every_option_of_the_command() -> None:
    command = typer.main.get_command(app).commands["run"]  # type: ignore[attr-defined]
    options = [name for each in command.params for name in each.opts if name.startswith("--")]
    assert [name for name in options if name not in PAGE] == []


def test_its_example_is_good() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert parse(example).warnings == ()
