"""Run other programs: their output goes to the log, and its end is shown when one fails."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from places import IS_ROOT, LOG, ROOT

TAIL = 20


class CannotGoOn(Exception):  # noqa: N818 - it is an answer to the user, not a fault of ours
    """Something that only the user can mend. The message says what is wrong and what to do."""


def run(*argv: str | Path, env: Mapping[str, str] | None = None, stdin: str | None = None) -> None:
    """Run a program to its end. Raises `CannotGoOn` with the last lines of its output when it fails."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a+", encoding="utf-8", errors="replace") as log:
        log.write(f"\n$ {shlex.join(map(str, argv))}\n")
        log.flush()
        start = log.tell()
        code = subprocess.run(
            [str(word) for word in argv],
            check=False,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}),
        ).returncode
        if code != 0:
            log.seek(start)
            raise CannotGoOn(_failed(argv, code, log.read().splitlines()))


def _failed(argv: Sequence[str | Path], code: int, lines: Sequence[str]) -> str:
    shown = "\n".join(f"    {line}" for line in lines[-TAIL:]) or "    (it printed nothing)"
    return f"`{shlex.join(map(str, argv))}` ended with exit code {code}:\n{shown}\n  All of its output is in {LOG}."


def output_of(*argv: str | Path) -> str | None:
    """Give what a program prints, or `None` when it fails or is not installed."""
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def run_as_root(*argv: str | Path, env: Mapping[str, str] | None = None) -> None:
    """Run a program as root, by sudo when we are not root. Raises `CannotGoOn` with the command to type otherwise."""
    run(*as_root(*argv, env=env), env=env)


def as_root(*argv: str | Path, env: Mapping[str, str] | None = None) -> list[str]:
    """Give the command line that runs a program as root here."""
    words = [str(word) for word in argv]
    if IS_ROOT:
        return words
    if shutil.which("sudo") and (output_of("sudo", "-n", "true") is not None or _sudo_may_ask()):
        return ["sudo", *(f"{name}={value}" for name, value in (env or {}).items()), *words]
    raise CannotGoOn(
        f"This needs root, and sudo is not at hand. As root, run:\n    {shlex.join(words)}\n  then start again."
    )


def _sudo_may_ask() -> bool:
    """Ask for the password now, while the terminal is ours (a program that runs into the log cannot)."""
    return sys.stdin.isatty() and subprocess.run(["sudo", "-v"], check=False).returncode == 0
