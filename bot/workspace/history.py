"""History on disk: JSON lines, the last line about a thing wins; so a restarted workspace remembers."""

import json
from pathlib import Path
from typing import IO

from bot.workspace.wire import Json


class History:
    """An append-only file of records; `None` as path keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def load(self) -> list[Json]:
        """Return the records in order. A last line cut short by a crash is left out."""
        if self.path is None or not self.path.exists():
            return []
        records: list[Json] = []
        lines = self.path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as damage:
                if number < len(lines):
                    raise ValueError(f"{self.path}:{number} is damaged; move the file away to start afresh") from damage
        return records

    def rewrite(self, records: list[Json]) -> None:
        """Replace the file by `records`: what was superseded goes."""
        if self.path is None:
            return
        self.close()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.path.with_suffix(".new")
        beside.write_text("".join(map(_line, records)), encoding="utf-8")
        beside.replace(self.path)

    def append(self, record: Json) -> None:
        """Write one record through to the operating system."""
        if self.path is None:
            return
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(_line(record))
        self._file.flush()

    def close(self) -> None:
        """Close the file; the next append opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(record: Json) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
