"""The files that the driver inside the build container walks: one pair per command, written once per job.

A command of the repository becomes the body of a script file, as it stands, and is joined with nothing: each is one
process that reads the saved environment and directory and, unless it leaves early, saves them again.
"""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from runners.buildspec import cache, outside, patterns
from runners.buildspec.model import PHASES, ROOT, Buildspec, Files, Phase
from runners.buildspec.text import STATE, names_in, spoken

DRIVER = "driver.sh"
PRIMARY = "primary"
"""What the primary artifacts are called among the others; a secondary one may be called so too, and is `x.primary`."""
_TOOLS = ("codebuild-hash-files", "codebuild-glob-search", "codebuild-tests-run")

_BEFORE = f"""\
. {STATE}/env
IFS= read -r CODEBUILD_CWD <{STATE}/cwd && cd "$CODEBUILD_CWD"; unset CODEBUILD_CWD
set -a
"""
_AFTER = f"""
CODEBUILD_LAST_EXIT=$?
export -p >{STATE}/env
pwd >{STATE}/cwd
exit $CODEBUILD_LAST_EXIT
"""
_RUNTIMES = {
    "android": "sdkmanager --version",
    "dotnet": "dotnet --version",
    "docker": "docker --version",
    "golang": "go version",
    "java": "java -version",
    "nodejs": "node --version",
    "php": "php --version",
    "python": "python3 --version",
    "ruby": "ruby --version",
}


def write(
    job: Path,
    spec: Buildspec,
    variables: Mapping[str, str],
    *,
    timeout: int = 0,
    caches: Path | None = None,
    cached: int = 0,
) -> None:
    """Write the job's directory, whole or not at all; one that is there already is in use and left alone."""
    if job.exists():
        return
    fresh = job.with_name(job.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in (DRIVER, *_TOOLS):
        place = fresh / ("bin" if name in _TOOLS else ".") / name
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(Path(__file__).with_name("inside") / name, place)
        place.chmod(0o755)
    (fresh / "shell").write_text(spec.shell)
    (fresh / "variables").write_text("".join(f"export {n}={shlex.quote(value)}\n" for n, value in variables.items()))
    (fresh / "collect.sh").write_text(_collecting(job, wanted(spec)))
    (fresh / "timeout").write_text(str(timeout or ""))
    if spec.isolated:
        (fresh / "isolated").touch()
    for name in PHASES:
        if name in spec.phases:
            _write_phase(fresh / "phases" / name.upper(), spec.phases[name])
    _write_names(fresh / "names", spec)
    outside.write(fresh / "outside", [*_artifacts(spec).values(), *(report.files for report in spec.reports.values())])
    if spec.cache and caches:
        cache.write(fresh / "cache", spec.cache, caches, cached)
    fresh.rename(job)


def wanted(spec: Buildspec) -> list[str]:
    """Names of the variables whose last value is asked for: exported ones and those in paths and names of reports."""
    files = [*_artifacts(spec).values(), *(report.files for report in spec.reports.values())]
    paths = [path for each in files for path in (*each.patterns, *each.excluded, each.base)]
    named = [name for path in (*paths, *spec.reports) for name in names_in(path)]
    valid = [name for name in spec.exported if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)]
    return list(dict.fromkeys(valid + named))


def place_of_name(identifier: str) -> str:
    """Say in which file the name of an artifact is."""
    return f"x.{identifier}" if identifier else PRIMARY


def _artifacts(spec: Buildspec) -> dict[str, Files]:
    return {**({"": spec.artifacts} if spec.artifacts else {}), **spec.secondary}


def _write_names(directory: Path, spec: Buildspec) -> None:
    directory.mkdir()
    for identifier, files in _artifacts(spec).items():
        if files.name:
            (directory / f"{place_of_name(identifier)}.sh").write_text(spoken(files.name))


def _write_phase(directory: Path, phase: Phase) -> None:
    for part, commands in (("commands", phase.commands), ("finally", phase.last)):
        (directory / part).mkdir(parents=True)
        for number, text in enumerate(commands, 1):
            (directory / part / f"{number:05}.text").write_text(text.rstrip("\n"))
            (directory / part / f"{number:05}.sh").write_text(_script(text, phase.user))
    (directory / "on-failure").write_text(phase.on_failure.action)
    (directory / "retries").write_text(str(phase.on_failure.retries))
    if phase.on_failure.retries:
        pattern = patterns.extended(phase.on_failure.pattern)
        (directory / "pattern").write_text(pattern.pattern)
        (directory / "flags").write_text("-i" if pattern.any_case else "")
    (directory / "user").write_text(phase.user)
    (directory / "runtimes").write_text("".join(_runtimes(phase.runtimes)))


def _script(text: str, user: str) -> str:
    if user == ROOT:
        return _BEFORE + text + _AFTER
    # tools write to the home of whoever they run as; the next command may be another's
    home = f"CODEBUILD_HOME=$HOME; HOME=~{user}\n"
    back = "\nCODEBUILD_LAST_EXIT=$?\nHOME=$CODEBUILD_HOME; unset CODEBUILD_HOME\n"
    return _BEFORE + home + text + back + _AFTER.replace("\nCODEBUILD_LAST_EXIT=$?", "", 1)


def _runtimes(wanted: Mapping[str, str]) -> Iterable[str]:
    for name, version in wanted.items():
        yield f"{name} {' '.join(version.split()) or 'any'}|{_RUNTIMES.get(name, name)}\n"


def _collecting(job: Path, names: list[str]) -> str:
    place = shlex.quote(str(job / "result" / "variables"))
    lines = [f'[ -z "${{{name}+set}}" ] || printf %s "${name}" >{place}/{name}' for name in names]
    return "\n".join([f". {STATE}/env", *lines, ""])
