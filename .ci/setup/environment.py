"""A virtual environment in a folder of its own, and what was installed in it, known by a stamp."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import debian
from command import CannotGoOn, output_of, run
from places import OLDEST_PYTHON


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """Holds what was installed: the digest of all that decides it."""
        return self.folder / "estiva-packages"

    def works(self) -> bool:
        """Tell whether it runs, has pip, and was made here: one that was copied starts elsewhere."""
        if output_of(self.python, "-m", "pip", "--version") is None:
            return False
        return str(self.folder) in (self.folder / "bin" / "pip").read_text(encoding="utf-8")

    def make(self) -> None:
        """Make it anew; where Debian split `ensurepip` off, install that first."""
        if sys.version_info < OLDEST_PYTHON:
            wanted, found = (".".join(map(str, version[:2])) for version in (OLDEST_PYTHON, sys.version_info))
            raise CannotGoOn(
                f"Estiva needs Python {wanted} or newer, and {sys.executable} is {found}.\n"
                f"  Install a newer one and name it: make PYTHON=python{wanted} ..."
            )
        if self.folder.is_symlink():
            raise CannotGoOn(
                f"{self.folder} is a link, and what it leads to may be in use elsewhere: nothing in it was touched.\n"
                "  Remove the link, then start again."
            )
        if output_of(sys.executable, "-c", "import ensurepip, venv") is None:
            debian.install(["python3-venv"])
        run(sys.executable, "-m", "venv", "--clear", self.folder)

    def install(self, *words: str | Path) -> None:
        """Let its pip install something."""
        quiet = ("--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off")
        run(self.python, "-m", "pip", *quiet, *words)

    def has_all_of(self, *files: Path) -> bool:
        """Tell whether what these files say was installed."""
        return self.stamp.is_file() and self.stamp.read_text() == self._digest(files)

    def note(self, *files: Path) -> None:
        """Note that all that these files say is installed."""
        self.stamp.write_text(self._digest(files))

    def _digest(self, files: tuple[Path, ...]) -> str:
        seen = hashlib.sha256(str(self.folder).encode())
        for path in files:
            seen.update(path.read_bytes())
        return seen.hexdigest()
