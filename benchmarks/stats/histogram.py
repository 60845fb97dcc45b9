"""A mergeable log-linear histogram of latencies.

Values are whole nanoseconds. Each power of two is split into 2,048 equal sub-buckets, so that a bucket is at most
1/2048 of its value wide and its middle is within 0.025 % of anything in it. After HdrHistogram (G. Tene), which has no
wheel for every platform this project runs on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SUB_BITS = 11
SUB_BUCKETS = 1 << SUB_BITS


def bucket_of(value_ns: int) -> int:
    """The bucket a value falls into; buckets are numbered in the order of their values."""
    shift = max(0, value_ns.bit_length() - SUB_BITS - 1)
    return (shift << SUB_BITS) + (value_ns >> shift)


def bucket_middle_ns(bucket: int) -> float:
    """The value a bucket stands for, in nanoseconds: its middle."""
    if bucket < 2 * SUB_BUCKETS:
        return float(bucket)
    shift = (bucket >> SUB_BITS) - 1
    low = (bucket - (shift << SUB_BITS)) << shift
    return low + ((1 << shift) - 1) / 2


@dataclass
class Histogram:
    """Counts per bucket. Merging is exact: the histogram of two sets is the sum of their histograms."""

    counts: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of_seconds(cls, values_s: Iterable[float]) -> Histogram:
        return cls(Counter(bucket_of(int(value * 1e9 + 0.5)) for value in values_s))

    @classmethod
    def of_counts(cls, counts: Mapping[int, int]) -> Histogram:
        return cls(Counter(counts))

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        total: Counter[int] = Counter()
        for histogram in histograms:
            total.update(histogram.counts)
        return cls(total)

    @property
    def total(self) -> int:
        return self.counts.total()

    def percentile_ms(self, percent: float) -> float | None:
        """The latency in milliseconds that ``percent`` of the values do not exceed (nearest rank); None when empty."""
        return self.percentiles_ms([percent])[0] if self.counts else None

    def percentiles_ms(self, percents: Sequence[float]) -> list[float]:
        """The same for several percents, which have to ascend, in one pass; of an empty histogram there are none."""
        total, found, seen, ordered = self.total, [], 0, iter(sorted(self.counts))
        bucket = 0
        for percent in percents if total else ():
            rank = max(1.0, total * percent / 100.0)
            while seen < rank - 1e-9:
                bucket = next(ordered)
                seen += self.counts[bucket]
            found.append(bucket_middle_ns(bucket) / 1e6)
        return found
