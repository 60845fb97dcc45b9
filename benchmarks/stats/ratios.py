"""Ratios between contenders, paired by round, with an interval that says how far they can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

LEAST_COVERAGE = 0.9  # five rounds


@dataclass(frozen=True)
class Ratio:
    """Median of the rounds' ratios; the interval is their range and covers the true median with ``coverage``."""

    value: float
    low: float
    high: float
    coverage: float

    @property
    def trusted(self) -> bool:
        """Whether there were rounds enough to say anything at all."""
        return self.coverage >= LEAST_COVERAGE

    @property
    def different(self) -> bool:
        """Whether the interval keeps clear of 1, and means something."""
        return self.trusted and (self.low > 1.0 or self.high < 1.0)


def range_coverage(rounds: int) -> float:
    """Probability that the range of n independent values covers their distribution's median: 1 - 2^(1-n).

    H. A. David and H. N. Nagaraja, "Order Statistics", 3rd edition, section 7.1.
    """
    return 1.0 - 2.0 ** (1 - rounds) if rounds else 0.0


def paired_ratio(values: Mapping[int, float], baseline: Mapping[int, float]) -> Ratio | None:
    """Ratio of two contenders over the rounds (by number) that both have; None where they share none."""
    ratios = [values[number] / baseline[number] for number in values if baseline.get(number)]
    if not ratios:
        return None
    return Ratio(median(ratios), min(ratios), max(ratios), range_coverage(len(ratios)))
