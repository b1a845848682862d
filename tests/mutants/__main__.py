"""Plants each fault in a copy of the tree and runs its tests: `python -m tests.mutants [PART OF A NAME ...]`.

Exits with 1 when a mutant survives, or when a test fails without any.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.planted import ROOT, Mutant, mutants

_WORLDS = "ESTIVA_WORLDS"
_QUICK, _ONE_DATABASE = "not sweep and not bench", "not postgresql and not dbos"


def copied(folder: Path) -> Path:
    """Copy what git knows of the tree, as it is now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        source, copy = ROOT / name, folder / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def fails(tree: Path, tests: Sequence[str]) -> str:
    """Name what fails first; empty when all pass. With `name@200` a simulation plays 200 worlds."""
    for test in tests:
        name, _, worlds = test.partition("@")
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", _WORLDS: worlds or "40"}
        python, plain = str(tree / ".venv/bin/python"), ("-p", "no:randomly", "-p", "no:cacheprovider")
        command = [python, "-m", "pytest", "-x", "-q", *plain, "-m", _QUICK, "-k", _ONE_DATABASE, name]
        ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            return _first(ended.stdout) or f"{name}: exit code {ended.returncode}"
    return ""


def _first(said: str) -> str:
    marks = ("FAILED ", "ERROR ")
    lines = [line for line in said.splitlines() if line.startswith(marks) and "::" in line]
    return lines[0].partition(" ")[2].partition(" - ")[0].partition("::")[2] if lines else ""


def noticed(tree: Path, mutant: Mutant) -> str:
    """Say which test notices a mutant; empty when it survives."""
    place = tree / mutant.file
    whole = place.read_text()
    place.write_text(mutant.applied(whole))
    try:
        return fails(tree, mutant.tests)
    finally:
        place.write_text(whole)


def main(wanted: Sequence[str]) -> int:
    """Run them, and print a table."""
    chosen = [mutant for mutant in mutants() if not wanted or any(part in mutant.name for part in wanted)]
    table = Table("planted fault", "noticed by", "s", title="Mutants")
    with tempfile.TemporaryDirectory(prefix="estiva-mutants-") as folder:
        tree = copied(Path(folder))
        sick = fails(tree, sorted({test for mutant in chosen for test in mutant.tests}))
        if sick:
            print(f"{sick} fails without any mutant: mend that first", file=sys.stderr)
            return 1
        survivors = 0
        for mutant in chosen:
            since = time.monotonic()
            by = noticed(tree, mutant)
            survivors += not by
            table.add_row(mutant.name, by or "[bold red]nothing[/]", f"{time.monotonic() - since:.0f}")
            print(f"{mutant.name}: {by or 'NOTHING'}", flush=True)
    Console(width=140).print(table)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants were noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
