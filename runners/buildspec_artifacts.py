"""The last part of a build: which files it hands on, copied out of the source directory."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runners.buildspec_file import Files
from runners.buildspec_script import expanded


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

    def copy(self, target: Path) -> int:
        """Copy what matches into `target`, which is emptied first; returns how many files. Raises `NoArtifacts`."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        self.say(f"Expanding base directory path: {self.files.base or '.'}")
        bases = self._bases()
        self.say("Assembling file list")
        found = 0
        for pattern in self.files.patterns:
            matched = [(base, file) for base in bases for file in self._matching(base, self._expanded(pattern))]
            self.say(f"Expanding {pattern}")
            for base, file in matched:
                self._copy_one(base, file, target)
            self.say(f"Found {len(matched)} file(s)" if matched else f"Skipping invalid file path {pattern}")
            found += len(matched)
        if not found:
            raise NoArtifacts("no matching artifact paths found")
        return found

    def _bases(self) -> list[Path]:
        base = self._expanded(self.files.base).rstrip("/") or "."
        place = Path(base)
        if not place.is_absolute() and any(character in base for character in "*?["):
            matching = Glob(base.removeprefix("./"))
            found = [each for each in sorted(self.source.iterdir()) if each.is_dir() and matching.fits(each.name)]
        else:
            found = [self.source / place]
        inside = [each for each in found if each.is_dir() and each.resolve().is_relative_to(self.source.resolve())]
        if not inside:
            raise NoArtifacts(f"no matching base directory path found for {self.files.base}")
        return inside

    def _matching(self, base: Path, pattern: str) -> Iterator[Path]:
        wanted = Glob(pattern.removeprefix("./"))
        excluded = [Glob(self._expanded(each).removeprefix("./")) for each in self.files.excluded]
        for file in _all_files(base):
            name = file.relative_to(base).as_posix()
            if wanted.fits(name) and not any(each.fits(name) for each in excluded):
                # a link is the repository's word: outside the source it would hand out files of this machine
                if file.resolve().is_relative_to(self.source.resolve()):
                    yield file
                else:
                    self.say(f"Skipping invalid file path {name}: it leads out of the source")

    def _copy_one(self, base: Path, file: Path, target: Path) -> None:
        place = target / (file.name if self.files.discard_paths else file.relative_to(base))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)

    def _expanded(self, text: str) -> str:
        return expanded(text, self.values)


def _all_files(base: Path) -> Iterator[Path]:
    for place in sorted(base.iterdir()):
        if place.name == ".git":
            continue
        if place.is_dir() and not place.is_symlink():
            yield from _all_files(place)
        elif place.is_file():
            yield place


class Glob:
    """A pattern: `**` crosses slashes, `*` and `?` do not.

    Walked in step with the name and never back: patterns are the repository's words, and a regular expression made of
    some would be tried for years, with the whole process standing still.
    """

    def __init__(self, pattern: str) -> None:
        """Take the pattern apart."""
        self._pieces = [piece for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern) if piece]

    def fits(self, name: str) -> bool:
        """Tell whether the whole of a path fits."""
        places = {0}
        for piece in self._pieces:
            places = _after(piece, name, places)
            if not places:
                return False
        return len(name) in places


def _after(piece: str, name: str, places: set[int]) -> set[int]:
    """Give the places that can be reached from `places` by one piece of a pattern."""
    match piece:
        case "**/":
            first = min(places)
            return places | {n + 1 for n in range(first, len(name)) if name[n] == "/"}
        case "**":
            return set(range(min(places), len(name) + 1))
        case "*":
            return _within(name, places)
        case "?":
            return {n + 1 for n in places if n < len(name) and name[n] != "/"}
        case _:
            return {n + len(piece) for n in places if name.startswith(piece, n)}


def _within(name: str, places: set[int]) -> set[int]:
    """Give each of the places, and all from there to the next slash."""
    reached: set[int] = set()
    on = False
    for n in range(min(places), len(name) + 1):
        on = n in places or (on and name[n - 1] != "/")
        if on:
            reached.add(n)
    return reached
