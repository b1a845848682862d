"""The planted faults, as data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault: text that is replaced in a file, and the tests one of which must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Plant it. Raises `ValueError` when the text is not there exactly once."""
        found = source.count(self.old)
        if found != 1:
            raise ValueError(f"`{self.name}`: its text stands {found} times in {self.file}, and should stand once")
        return source.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """Read them all."""
    data = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text())
    return [Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in data["mutant"]]
