"""What came of one round of load: counts that add up, and histograms that can be merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.stats.histogram import Histogram, bucket_of

Counts = dict[int, int]  # bucket -> count, see stats.histogram
HISTOGRAMS = ("histogram", "first_byte", "first_chunk", "gaps", "connect", "send_lag")
SHORTEST_S, LARGEST = 1e-4, 10**12
HIGHEST_BUCKET = bucket_of(LARGEST * 10**3)  # in nanoseconds: eleven days


@dataclass(frozen=True)
class Slice:
    """An equal part of a window: what was answered in it and, in an open loop, what arrived in it."""

    succeeded: int
    failed: int
    offered: int = 0
    unsent: int = 0
    histogram: Counts = field(default_factory=dict)  # only where it was asked for

    @classmethod
    def merged(cls, slices: Sequence[Slice]) -> Slice:
        return cls(
            succeeded=sum(one.succeeded for one in slices),
            failed=sum(one.failed for one in slices),
            offered=sum(one.offered for one in slices),
            unsent=sum(one.unsent for one in slices),
            histogram=merged_counts(one.histogram for one in slices),
        )


@dataclass(frozen=True)
class LoadResult:
    """What came of a LoadSpec, within the window; everything counts at the moment it is complete.

    It adds up: sent + in_flight_before = succeeded + failed + in_flight_after; connections_before +
    connections_opened = connections_after + connections_closed; and in an open loop offered = sent + unsent.
    Where every request has a group, the groups' histograms add up to ``histogram``. A stream of n events has one first
    event and n - 1 gaps.
    """

    window_s: float
    sent: int
    in_flight_before: int
    in_flight_after: int
    succeeded: int
    errors: dict[str, int]  # class -> count: connect, reset, timeout, status, body, short
    warmed_up: bool
    histogram: Counts  # latencies of right answers, from the intended send time to the last byte; see result_of
    late_succeeded: int = 0  # of what was under way at the window's end
    late_errors: dict[str, int] = field(default_factory=dict)
    surplus: int = 0  # answers that nobody asked for
    first_byte: Counts = field(default_factory=dict)  # from sending to the first byte, of the same answers
    groups: dict[str, Counts] = field(default_factory=dict)  # group -> latencies of its requests' answers, as above
    first_chunk: Counts = field(default_factory=dict)  # of streams among the same answers: sending to the first event
    gaps: Counts = field(default_factory=dict)  # from one event to the next; 0 where they came together
    connect: Counts = field(default_factory=dict)  # from the SYN to an open connection
    send_lag: Counts = field(default_factory=dict)  # open loop: how late requests were sent
    offered: int | None = None  # open loop: arrivals
    unsent: int = 0  # open loop: arrivals that found too many under way
    bytes_sent: int = 0
    bytes_received: int = 0
    connections_before: int = 0
    connections_opened: int = 0
    connections_closed: int = 0
    connections_after: int = 0
    answered_in_all: int = 0  # warm-up and drain too: what the server did for this round
    slices: list[Slice] = field(default_factory=list)

    @property
    def impossible(self) -> str:
        """Which figure no generator can have found; nothing where all may be true."""
        if not SHORTEST_S <= self.window_s <= LARGEST:
            return f"a window of {self.window_s:g} s"
        groups = {f"group {group}": counts for group, counts in self.groups.items()}
        for name, value in {**vars(self), "groups": {}, **groups}.items():
            counts = value.values() if isinstance(value, dict) else (value,) if isinstance(value, int) else ()
            if any(not 0 <= count <= LARGEST for count in counts):
                return f"{name} with an impossible count"
            if name in (*HISTOGRAMS, *groups) and any(not 0 <= bucket <= HIGHEST_BUCKET for bucket in value):
                return f"{name} with an impossible bucket"
        return ""

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def outcomes(self) -> tuple[int, dict[str, int]]:
        """Right answers, and failures by class, of all that was under way in the window, to the end of each."""
        return self.succeeded + self.late_succeeded, dict(Counter(self.errors) + Counter(self.late_errors))

    @property
    def achieved(self) -> float | None:
        """Open loop: answers ÷ arrivals within the window."""
        return (self.succeeded + self.failed) / self.offered if self.offered else None

    @classmethod
    def merged(cls, results: Sequence[LoadResult]) -> LoadResult:
        """Several generators' results as one: counts add up, so do histograms; windows are side by side."""
        if len(results) == 1:
            return results[0]
        added = {
            name: sum(getattr(result, name) for result in results)
            for name in (
                *("sent", "in_flight_before", "in_flight_after", "succeeded", "late_succeeded", "surplus", "unsent"),
                *("answered_in_all", "bytes_sent", "bytes_received"),
                *("connections_before", "connections_opened", "connections_closed", "connections_after"),
            )
        }
        offered = [result.offered for result in results if result.offered is not None]
        return cls(
            window_s=sum(result.window_s for result in results) / len(results),
            errors=dict(sum((Counter(result.errors) for result in results), Counter())),
            late_errors=dict(sum((Counter(result.late_errors) for result in results), Counter())),
            warmed_up=all(result.warmed_up for result in results),
            histogram=merged_counts(result.histogram for result in results),
            first_byte=merged_counts(result.first_byte for result in results),
            groups={
                group: merged_counts(result.groups.get(group, {}) for result in results)
                for group in sorted({group for result in results for group in result.groups})
            },
            first_chunk=merged_counts(result.first_chunk for result in results),
            gaps=merged_counts(result.gaps for result in results),
            connect=merged_counts(result.connect for result in results),
            send_lag=merged_counts(result.send_lag for result in results),
            offered=sum(offered) if offered else None,
            slices=[Slice.merged(parts) for parts in zip(*(result.slices for result in results), strict=True)],
            **added,
        )


def merged_counts(parts: Iterable[Counts]) -> Counts:
    """The sum of several histograms' counts."""
    return dict(Histogram.merged(map(Histogram.of_counts, parts)).counts)
