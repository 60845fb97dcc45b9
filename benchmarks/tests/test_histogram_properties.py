"""What a histogram of latencies promises for any latencies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats.histogram import SUB_BUCKETS, Histogram, bucket_middle_ns, bucket_of

NANOSECONDS = st.integers(min_value=0, max_value=3_600_000_000_000)
COUNTS = st.dictionaries(NANOSECONDS.map(bucket_of), st.integers(1, 1000), max_size=30)
HISTOGRAMS = COUNTS.map(Histogram.of_counts)
FILLED = HISTOGRAMS.filter(lambda histogram: histogram.total > 0)
PERCENTS = st.floats(min_value=0, max_value=100)


def stored_us(latency_s: float) -> float:
    found_ms = Histogram.of_seconds([latency_s]).percentile_ms(50)
    assert found_ms is not None
    return found_ms * 1000


@given(st.floats(min_value=1e-6, max_value=0.005) | st.floats(min_value=0.005, max_value=3600))
def test_any_latency_from_a_microsecond_on_is_kept_within_a_thousandth(latency_s: float) -> None:
    assert stored_us(latency_s) == pytest.approx(latency_s * 1e6, rel=0.001)


@given(st.integers(min_value=0, max_value=2 * SUB_BUCKETS - 1))
def test_whole_nanoseconds_up_to_four_microseconds_are_kept_exactly(value_ns: int) -> None:
    assert bucket_middle_ns(bucket_of(value_ns)) == value_ns


@given(HISTOGRAMS, HISTOGRAMS, HISTOGRAMS)
def test_in_which_order_histograms_are_merged_does_not_matter(one: Histogram, two: Histogram, three: Histogram) -> None:
    left = Histogram.merged([Histogram.merged([one, two]), three])
    right = Histogram.merged([one, Histogram.merged([two, three])])
    assert left == right == Histogram.merged([three, one, two])
    assert left.total == one.total + two.total + three.total


@given(HISTOGRAMS)
def test_merging_with_nothing_changes_nothing(histogram: Histogram) -> None:
    assert Histogram.merged([histogram, Histogram()]) == histogram == Histogram.merged([histogram])


@given(FILLED, PERCENTS, PERCENTS)
def test_percentiles_grow_with_the_percent(histogram: Histogram, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert histogram.percentile_ms(low) <= histogram.percentile_ms(high)


@given(FILLED, FILLED, PERCENTS)
def test_a_percentile_of_two_lies_between_theirs(one: Histogram, other: Histogram, percent: float) -> None:
    low, high = sorted((one.percentile_ms(percent), other.percentile_ms(percent)))
    assert low <= Histogram.merged([one, other]).percentile_ms(percent) <= high


@given(FILLED, PERCENTS, st.integers(min_value=2, max_value=5))
def test_what_is_merged_with_itself_keeps_its_percentiles(histogram: Histogram, percent: float, times: int) -> None:
    assert Histogram.merged([histogram] * times).percentile_ms(percent) == histogram.percentile_ms(percent)


@given(FILLED)
def test_the_extreme_percentiles_are_the_smallest_and_the_largest_value(histogram: Histogram) -> None:
    assert histogram.percentile_ms(0) == bucket_middle_ns(min(histogram.counts)) / 1e6
    assert histogram.percentile_ms(100) == bucket_middle_ns(max(histogram.counts)) / 1e6
