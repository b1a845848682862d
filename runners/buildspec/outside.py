"""Artifacts and reports that lie outside the source: written down for `driver.sh`, which takes them while it can.

Only inside the container is an absolute path what the buildspec means, and the container is gone before anything is
handed on.
"""

from collections.abc import Iterable
from pathlib import Path

from runners.buildspec.model import Files
from runners.buildspec.text import filled


def write(directory: Path, wanted: Iterable[Files]) -> None:
    """Write what may turn out to be absolute: base directory and patterns as scripts that print them."""
    directory.mkdir()
    for number, files in enumerate(filter(_may_be, wanted), 1):
        place = directory / f"{number:05}"
        (place / "files").mkdir(parents=True)
        (place / "base.sh").write_text(filled(files.base))
        for pattern_number, pattern in enumerate(files.patterns, 1):
            (place / "files" / f"{pattern_number:05}.sh").write_text(filled(pattern))
        if files.symlinks:
            (place / "links").touch()


def _may_be(files: Files) -> bool:
    return any(path.startswith(("/", "$")) for path in (files.base, *files.patterns))
