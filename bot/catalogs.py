"""The catalog in force: read at start, read again when the file changes, kept when the new one is wrong."""

import logging
from pathlib import Path

from storage.catalog import CatalogProblems, Kinds, load
from storage.model.catalog import Catalog

log = logging.getLogger(__name__)


class Catalogs:
    """Gives the newest good catalog of one file."""

    def __init__(self, path: Path, kinds: Kinds) -> None:
        """Read the file. Raises `CatalogProblems` with everything that is wrong in it."""
        self._path = path
        self._kinds = kinds
        self._stamp = self._look()
        self._current = load(path, kinds)

    def __call__(self) -> Catalog:
        """Give the catalog; looks at the file's time and size, which costs microseconds."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._read_again()
        return self._current

    def _look(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)

    def _read_again(self) -> None:
        try:
            self._current = load(self._path, self._kinds)
        except (CatalogProblems, OSError) as problem:
            log.error("the changed catalog is not used, the one before stays in force: %s", problem)  # noqa: TRY400
        else:
            log.info("the catalog was read again: %s", self._current.digest[:12])
