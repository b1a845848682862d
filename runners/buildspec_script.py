"""The files that the driver inside the build container walks: one pair per command, written once per job.

A command of the repository becomes the body of a script file, as it stands, and is joined with nothing: each is one
process that reads the saved environment and directory and, unless it leaves early, saves them again.
"""

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from runners.buildspec_file import PHASES, Buildspec, Phase

STATE = "/run/codebuild"
"""Inside the container, in memory: the saved environment holds secrets."""
DRIVER = "driver.sh"
_NAMES = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")

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


def write(job: Path, spec: Buildspec, variables: Mapping[str, str]) -> None:
    """Write the job's directory, whole or not at all; one that is there already is in use and left alone."""
    if job.exists():
        return
    fresh = job.with_name(job.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("buildspec_driver.sh"), fresh / DRIVER)
    (fresh / "shell").write_text(spec.shell)
    (fresh / "variables").write_text("".join(f"export {n}={shlex.quote(value)}\n" for n, value in variables.items()))
    (fresh / "collect.sh").write_text(_collecting(job, wanted(spec)))
    if spec.isolated:
        (fresh / "isolated").touch()
    for name in PHASES:
        if name in spec.phases:
            _write_phase(fresh / "phases" / name.upper(), spec.phases[name])
    fresh.rename(job)


def wanted(spec: Buildspec) -> list[str]:
    """Names of the variables whose last value is asked for: exported ones and those in the artifacts' paths."""
    files = [each for each in (spec.artifacts, *spec.secondary.values()) if each]
    paths = [path for each in files for path in (*each.patterns, *each.excluded, each.base)]
    named = [name for path in paths for name in _NAMES.findall(path)]
    valid = [name for name in spec.exported if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)]
    return list(dict.fromkeys(valid + named))


def expanded(text: str, values: Mapping[str, str]) -> str:
    """Put the last values of variables into an artifact's path; an unknown one is empty."""
    return _NAMES.sub(lambda found: values.get(found[1], ""), text)


def _write_phase(directory: Path, phase: Phase) -> None:
    for part, commands in (("commands", phase.commands), ("finally", phase.last)):
        (directory / part).mkdir(parents=True)
        for number, text in enumerate(commands, 1):
            (directory / part / f"{number:03}.text").write_text(text.rstrip("\n"))
            (directory / part / f"{number:03}.sh").write_text(_BEFORE + text + _AFTER)
    (directory / "on-failure").write_text(phase.on_failure.action)
    (directory / "retries").write_text(str(phase.on_failure.retries))
    (directory / "pattern").write_text(phase.on_failure.pattern)


def _collecting(job: Path, names: list[str]) -> str:
    place = shlex.quote(str(job / "result" / "variables"))
    lines = [f'[ -z "${{{name}+set}}" ] || printf %s "${name}" >{place}/{name}' for name in names]
    return "\n".join([f". {STATE}/env", *lines, ""])
