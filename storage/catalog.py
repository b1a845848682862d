"""Read the catalog from its file, and say everything that is wrong with it at once."""

from collections.abc import Callable, Mapping
from pathlib import Path

from storage.model.catalog import Catalog, Json

Kinds = Mapping[str, Callable[[Mapping[str, Json]], list[str]]]
"""Kind of action (`uses`) -> what is wrong with its options, one line each."""


class CatalogProblems(ValueError):  # noqa: N818 - named by what it carries
    """The catalog cannot be used: every problem, each as `file:line: path: what`."""

    def __init__(self, problems: list[str]) -> None:
        """Take the problems, one line each."""
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, kinds: Kinds | None = None) -> Catalog:
    """Read the catalog. `kinds`, when given, names the kinds of action there are and checks their options.

    Raises `CatalogProblems` with all problems at once, `OSError` when the file cannot be read.
    """
    raise NotImplementedError
