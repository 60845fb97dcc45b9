"""Ratios between contenders, paired by round, with an interval that says how far they can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from statistics import median

LEAST_COVERAGE = 0.9  # five rounds
WANTED_COVERAGE = 0.93
# Windows count whole answers and are never equally long: two contenders that answer the same number in every window
# differ in the fourth digit, always to the same side.
SMALLEST = 0.01


@dataclass(frozen=True)
class Ratio:
    """Median of the rounds' ratios; the interval is of their order statistics and holds the true median with
    probability ``coverage``."""

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
        """Whether the interval keeps clear of 1 by more than can be resolved, and means something."""
        return self.trusted and (self.low > 1.0 + SMALLEST or self.high < 1.0 - SMALLEST)


def coverage_of(rounds: int, rank: int) -> float:
    """Probability that the ``rank``-th smallest and largest of n independent values enclose the median.

    1 - 2 × P(B < rank) for B binomial with n and 1/2. H. A. David and H. N. Nagaraja, "Order Statistics", 3rd
    edition, section 7.1. For rank 1, the range: 1 - 2^(1-n).
    """
    outside = sum(comb(rounds, below) for below in range(rank))
    return max(0.0, 1.0 - 2.0 * outside / 2.0**rounds)


def rank_for(rounds: int) -> int:
    """The highest rank whose interval still has the coverage wanted; 1, the range, where none has."""
    rank = 1
    while rank < rounds / 2 and coverage_of(rounds, rank + 1) >= WANTED_COVERAGE:
        rank += 1
    return rank


def paired_ratio(values: Mapping[int, float], baseline: Mapping[int, float]) -> Ratio | None:
    """Ratio of two contenders over the rounds (by number) that both have; None where they share none."""
    ratios = sorted(values[number] / baseline[number] for number in values if baseline.get(number))
    if not ratios:
        return None
    rank = rank_for(len(ratios))
    return Ratio(median(ratios), ratios[rank - 1], ratios[-rank], coverage_of(len(ratios), rank))
