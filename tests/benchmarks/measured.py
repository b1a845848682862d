"""Numbers of two contenders, measured in turn, told as a ratio."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Pairs:
    """Ours beside a baseline; each measured as often as the other, alternately."""

    what: str
    unit: str
    baseline: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Ratio of the medians; below 1 we are cheaper."""
        return statistics.median(self.ours) / statistics.median(self.baseline)

    @property
    def paired(self) -> float:
        """Median of the ratios of neighbours: what the load of the machine does to both of them cancels out."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.ours, self.baseline, strict=True))

    @property
    def least(self) -> float:
        """Ratio of the minima: what is left when the machine disturbs least."""
        return min(self.ours) / min(self.baseline)

    def tell(self) -> None:
        """Print all that was measured, and how busy the machine was."""
        print(f"\n{self.what}")
        for name, values in (("baseline", self.baseline), ("Estiva", self.ours)):
            print(f"  {name:<9}{_told(values)} {self.unit}: {' '.join(f'{value:.3g}' for value in values)}")
        print(
            f"  ratio    {self.median:.2f} of the medians, {self.least:.2f} of the minima, {self.paired:.2f} in pairs"
        )
        print(f"  {load()}")


def load() -> str:
    """How busy the machine is."""
    one, five, _ = os.getloadavg()
    return f"load average {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} cores"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _told(values: Sequence[float]) -> str:
    return f"median {statistics.median(values):.3g}, minimum {min(values):.3g}"
