"""The workspaces of runs, as what they leave on this machine's disk: `Cleaner` of folders."""

import asyncio
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from runners.contract import Leftover


class Workspaces:
    """Every folder in `root` is named by its run."""

    def __init__(self, root: Path) -> None:
        """Take the folder of all workspaces."""
        self._root = root
        self._thread = ThreadPoolExecutor(1, "estiva-clean")

    async def leftovers(self) -> Sequence[Leftover]:
        """List them."""
        names = await asyncio.get_running_loop().run_in_executor(self._thread, _names, self._root)
        return [
            Leftover(kind="folder", id=str(self._root / name), name=str(self._root / name), run=name) for name in names
        ]

    async def remove(self, leftover: Leftover) -> bool:
        """Remove one. Raises `OSError` for one that holds another user's files."""
        await asyncio.get_running_loop().run_in_executor(self._thread, _remove, self._root / leftover.run)
        return True

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):  # another worker on this data folder removes it at the same time
        shutil.rmtree(folder)
