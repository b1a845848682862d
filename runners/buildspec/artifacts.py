"""Which files of the source directory are meant, and their copies outside."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runners.buildspec.globs import Glob
from runners.buildspec.model import Files
from runners.buildspec.text import expanded


class NoArtifacts(Exception):  # noqa: N818 - a fact about the build
    """Nothing matches; the text is CodeBuild's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What to take from where."""

    files: Files
    source: Path
    values: Mapping[str, str]
    """Last values of the variables that stand in the patterns."""
    say: Callable[[str], None]
    outside: Path | None = None
    """Where files are that lie outside the source, each under its whole path; without, there are none."""

    def copy(self, target: Path) -> list[str]:
        """Copy what matches into `target`, which is emptied first; gives the paths there. Raises `NoArtifacts`."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        return self.add(target)

    def add(self, target: Path) -> list[str]:
        """Copy what matches to what is in `target` already; gives the paths there. Raises `NoArtifacts`."""
        return sorted({name for base, file in self.found() if (name := self._copy_one(base, file, target))})

    def found(self) -> list[tuple[Path, Path]]:
        """List what matches, each with its base directory. Raises `NoArtifacts`."""
        self.say(f"Expanding base directory path: {self.files.base or '.'}")
        self.say("Assembling file list")
        self.say(f"Expanding {self.files.base or '.'}")
        bases = self._bases()
        self.say(f"Expanding file paths for base directory {self.files.base or '.'}")
        found: list[tuple[Path, Path]] = []
        for pattern in self.files.patterns:
            self.say(f"Expanding {pattern}")
            wanted = self._expanded(pattern)
            matched = [(base, file) for base in self._within(bases, wanted) for file in self._matching(base, wanted)]
            self.say(f"Found {len(matched)} file(s)" if matched else f"Skipping invalid file path {pattern}")
            found += matched
        if not found:
            raise NoArtifacts("no matching artifact paths found")
        return list(dict.fromkeys(found))

    def _bases(self) -> list[Path]:
        base = self._expanded(self.files.base).rstrip("/") or "."
        place = Path(base)
        if not place.is_absolute() and any(character in base for character in "*?"):
            matching = Glob(base.removeprefix("./"))
            found = [each for each in sorted(self.source.iterdir()) if each.is_dir() and matching.fits(each.name)]
        else:
            found = [self._place(place)]
        inside = [each for each in found if each.is_dir() and self._inside(each)]
        if not inside:
            raise NoArtifacts(f"no matching base directory path found for {self.files.base}")
        return inside

    def _within(self, bases: list[Path], pattern: str) -> list[Path]:
        """Say where a pattern is looked for; one from the root that is below no base is looked for from the root."""
        place = self._place(Path(pattern))
        if self.outside and place.is_relative_to(self.outside) and not any(map(place.is_relative_to, bases)):
            return [self.outside]
        return bases

    def _place(self, path: Path) -> Path:
        """Say where a path of the container is here."""
        place = self.source / path
        if self.outside is None or ".." in path.parts or place.is_relative_to(self.source):
            return place
        return self.outside / place.relative_to("/")

    def _matching(self, base: Path, pattern: str) -> Iterator[Path]:
        wanted = Glob(self._relative(base, pattern))
        excluded = [Glob(self._relative(base, self._expanded(each))) for each in self.files.excluded]
        for file in self._all_files(base, ()):
            name = file.relative_to(base).as_posix()
            if wanted.fits(name) and not any(each.fits(name) for each in excluded):
                # a link is the repository's word: outside the source it would hand out files of this machine
                if self._inside(file):
                    yield file
                else:
                    self.say(f"Skipping invalid file path {name}: it leads out of the source")

    def _all_files(self, base: Path, above: tuple[Path, ...]) -> Iterator[Path]:
        """Walk all files, through links to directories too unless links are kept; never in a circle."""
        for place in sorted(base.iterdir()):
            if place.name == ".git":
                continue
            if place.is_symlink() and (self.files.symlinks or not place.is_dir()):
                if place.is_file() or place.is_dir():
                    yield place
            elif place.is_dir():
                real = place.resolve()
                if real not in above and self._inside(place):
                    yield from self._all_files(place, (*above, real))
            elif place.is_file():
                yield place

    def _copy_one(self, base: Path, file: Path, target: Path) -> str:
        name = file.name if self.files.discard_paths else file.relative_to(base).as_posix()
        place = target / name
        if not place.parent.resolve().is_relative_to(target.resolve()):  # by a link that was kept a moment ago
            self.say(f"Skipping invalid file path {name}: it leads out of the artifacts")
            return ""
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(place):
                place.unlink()  # of equal names the later one stays
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self.say(f"Skipping invalid file path {name}: a file and a directory have this name")
            return ""
        shutil.copy(file, place, follow_symlinks=not self.files.symlinks)
        return name

    def _inside(self, place: Path) -> bool:
        real = place.resolve()
        return any(real.is_relative_to(root.resolve()) for root in (self.source, self.outside) if root)

    def _expanded(self, text: str) -> str:
        return expanded(text, self.values)

    def _relative(self, base: Path, pattern: str) -> str:
        """Read an absolute pattern as what it means under the base directory."""
        if pattern.startswith("/"):
            pattern = self._place(Path(pattern)).as_posix()
        return pattern.removeprefix(f"{base.as_posix()}/").removeprefix(f"{self.source.as_posix()}/").removeprefix("./")
