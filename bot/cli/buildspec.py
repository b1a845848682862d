"""`estiva buildspec check|run`: a buildspec without a pipeline, as CodeBuild would take it."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.terminal import Json, err, fail, harmless, out, settings, show_json
from bot.cli.terminal import run as run_to_its_end

if TYPE_CHECKING:
    from runners.buildspec.local import Asked

app = typer.Typer(no_args_is_help=True, help="buildspec.yml: check one, or run one on this machine.")
_IMAGE = "estiva/ci:base"
_NO_IMAGE = (
    "Name an image that has what the build needs with --image IMAGE; --pull gets one that is not on this machine."
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="The buildspec.")], as_json: Json = False) -> None:
    """Read a buildspec and say all that is wrong with it, each with its line; exit code 2 when something is."""
    from runners.buildspec.model import BuildspecInvalid, Problem
    from runners.buildspec.nodes import text_in
    from runners.buildspec.parser import parse

    try:
        text = text_in(file)
    except OSError as problem:
        fail(f"Cannot read {file}: {problem.strerror}. Name a buildspec, most often buildspec.yml.")
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    try:
        warnings = parse(text).warnings
    except BuildspecInvalid as invalid:
        problems = invalid.found
    if as_json:
        rows = {"problems": problems, "warnings": warnings}
        shown = {name: [{"line": each.line, "text": each.text} for each in found] for name, found in rows.items()}
        show_json({"file": str(file), **shown})
    else:
        for each in problems:
            err.print(harmless(f"{file}: {each}"), style="red", markup=False)
        for each in warnings:
            out.print(harmless(f"{file}: {each}"), style="yellow", markup=False)
        if not problems:
            out.print("The buildspec is good.", style="green")
    raise typer.Exit(2 if problems else 0)


@app.command("run")
def run(
    directory: Annotated[Path, typer.Argument(help="What is to be built; a copy of it is.")],
    buildspec: Annotated[str, typer.Option(help="Path in the directory; else buildspec.yml, then .yaml.")] = "",
    image: Annotated[str, typer.Option(help="The image in which it is built.")] = _IMAGE,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE: wins over the buildspec.")] = None,
    artifacts: Annotated[Path | None, typer.Option(help="An empty directory for them; else only listed.")] = None,
    cache: Annotated[Path | None, typer.Option(help="A directory that keeps the buildspec's cache.")] = None,
    network: Annotated[str, typer.Option(help="none, bridge or host.")] = "none",
    memory: Annotated[str | None, typer.Option(help="Limit, as 512m or 2g.")] = None,
    cpus: Annotated[float | None, typer.Option(min=0.01, help="Limit, as 1.5.")] = None,
    timeout: Annotated[int, typer.Option(min=1, max=2160, help="Minutes until it is TIMED_OUT.")] = 60,
    privileged: Annotated[bool, typer.Option("--privileged", help="Give it the engine: as good as root.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Pull an image that is not there.")] = False,
    batch: Annotated[bool, typer.Option("--batch", help="Do the builds of its batch.")] = False,
    as_json: Json = False,
) -> None:
    """Build a directory by its buildspec, in a container. Exit code 0 when the build succeeded, 1 when it did not.

    The log is printed as CodeBuild writes it; with --json it goes to stderr, and the record of the build to stdout.
    """
    from runners.buildspec.local import Asked

    asked = Asked(
        directory=_directory(directory),
        buildspec=_inside(buildspec),
        image=image,
        pull=pull,
        variables=dict(_pair(each) for each in env or ()),
        artifacts=_empty(artifacts),
        cache=cache,
        network=_one_of(network),
        privileged=privileged,
        memory=_size(memory),
        cpus=cpus,
        minutes=timeout,
        batch=batch,
    )
    document = _done(asked, as_json=as_json)
    if as_json:
        show_json(document)
    if _lacks_its_image(document):
        err.print(_NO_IMAGE, style="yellow", markup=False)
    raise typer.Exit(0 if document.get("buildStatus", document.get("buildBatchStatus")) == "SUCCEEDED" else 1)


def _lacks_its_image(document: Mapping[str, Any]) -> bool:
    from runners.buildspec.prepare import NO_IMAGE

    contexts = [context for phase in document.get("phases", ()) for context in phase.get("contexts", ())]
    return any(context["statusCode"] == NO_IMAGE for context in contexts)


def _done(asked: "Asked", *, as_json: bool) -> "dict[str, object]":
    from runners.buildspec.local import run as build
    from runners.containers import Containers
    from runners.contract import Away

    def take(line: str) -> None:
        typer.echo(harmless(line), err=as_json)

    containers = Containers(namespace=f"{settings().namespace}-buildspec")
    try:
        return dict(run_to_its_end(build(asked, containers, os.environ, take)))
    except Away as problem:
        fail(str(problem), code=1)
    except OSError as problem:
        fail(f"Cannot copy {asked.directory}: {problem}")
    finally:
        containers.close()


def _directory(place: Path) -> Path:
    if not place.is_dir():
        fail(f"{place} is no directory. Name the one that holds buildspec.yml.")
    return place


def _inside(path: str) -> str:
    from runners.options import inside

    if path and (wanted := inside(path)):
        fail(f"--buildspec {path}: should be {wanted}.")
    return path


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not _VARIABLE.fullmatch(name):
        fail(f"--env {text}: should be NAME=VALUE.")
    if name.startswith("CODEBUILD_"):
        fail(f"--env {text}: names that begin with CODEBUILD_ are the build's own.")
    return name, value


def _empty(place: Path | None) -> Path | None:
    """Refuse a directory with something in it, or beside which something is: artifacts go to ones emptied first."""
    from runners.buildspec.local import secondary_of

    if place is None:
        return None
    if _holds(place):
        fail(f"--artifacts {place} is no empty directory. Name one that is empty, or is not there yet.")
    beside = secondary_of(place.resolve())
    if _holds(beside):
        fail(f"{beside} is no empty directory: secondary artifacts go there. Empty it, or name another --artifacts.")
    return place.resolve()


def _holds(place: Path) -> bool:
    """Tell whether there is anything that could be lost; a link that leads nowhere is such a thing."""
    return any(place.iterdir()) if place.is_dir() else place.is_symlink() or place.exists()


def _one_of(network: str) -> str:
    if network not in ("none", "bridge", "host"):
        fail(f"--network {network}: should be none, bridge or host.")
    return network


def _size(memory: str | None) -> str | None:
    from runners.options import memory as check_size

    if memory is not None and (wanted := check_size(memory)):
        fail(f"--memory {memory}: should be {wanted}.")
    return memory
