"""What a piece of work has to remember of AWS between two lives of the process: a small file in its run's workspace."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from runners import records
from runners.contract import Work
from storage.model.catalog import Json


class Notes:
    """The notes of one attempt."""

    def __init__(self, work: Work) -> None:
        """Take the work whose notes these are."""
        self._place = work.workspace / ".aws" / f"{sha256(work.key.encode()).hexdigest()[:24]}.json"

    @classmethod
    def of_attempt(cls, work: Work, attempt: int) -> "Notes":
        """Give the notes of another attempt at the same action."""
        return cls(replace(work, key=f"{work.run}/{work.stage}/{work.action}/{attempt}", attempt=attempt))

    def read(self) -> Mapping[str, Json]:
        """Give what was written last; empty when there is nothing."""
        return records.recall(self._place)

    def write(self, **known: Json) -> None:
        """Add to what is known."""
        records.keep(self._place, {**self.read(), **known})

    def text(self, name: str) -> str:
        """Give one thing that is known; empty when it is not."""
        value = self.read().get(name)
        return value if isinstance(value, str) else ""

    def names(self, name: str) -> list[str]:
        """Give a list of texts that is known."""
        value = self.read().get(name)
        return [str(each) for each in value] if isinstance(value, list) else []
