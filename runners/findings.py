"""What somebody who looks whether all is well has to say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    mend: str
    """What to do; empty when all is well."""

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.mend
