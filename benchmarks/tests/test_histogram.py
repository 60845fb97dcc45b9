"""Latencies in buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats.histogram import Histogram, bucket_middle_ns, bucket_of

HOUR_NS = 3_600_000_000_000
NANOSECONDS = st.integers(min_value=1, max_value=HOUR_NS)
LATENCIES_S = st.lists(st.floats(min_value=0, max_value=3600), max_size=50)


@given(NANOSECONDS, NANOSECONDS)
def test_buckets_are_in_the_order_of_their_values(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert bucket_of(small) <= bucket_of(large)


@given(NANOSECONDS)
def test_no_bucket_number_is_left_out(value_ns: int) -> None:
    assert bucket_of(value_ns + 1) - bucket_of(value_ns) in (0, 1)


@pytest.mark.parametrize("exponent", range(1, 43))
def test_buckets_keep_their_order_where_they_become_wider(exponent: int) -> None:
    edge = 1 << exponent
    assert bucket_of(edge - 1) + 1 == bucket_of(edge)


@given(NANOSECONDS)
def test_the_middle_of_a_bucket_is_within_a_thousandth_of_what_fell_into_it(value_ns: int) -> None:
    assert bucket_middle_ns(bucket_of(value_ns)) == pytest.approx(value_ns, rel=0.001)


@given(NANOSECONDS)
def test_the_middle_of_a_bucket_lies_in_it(value_ns: int) -> None:
    assert bucket_of(int(bucket_middle_ns(bucket_of(value_ns)))) == bucket_of(value_ns)


@pytest.mark.parametrize("exponent", range(12, 43))
def test_the_middle_is_as_near_as_promised_at_the_edges_too(exponent: int) -> None:
    for value_ns in ((1 << exponent) - 1, 1 << exponent, (1 << exponent) + 1):
        assert bucket_middle_ns(bucket_of(value_ns)) == pytest.approx(value_ns, rel=0.00025)


@given(st.lists(LATENCIES_S, max_size=6))
def test_merged_histograms_are_the_histogram_of_all_values(parts: list[list[float]]) -> None:
    merged = Histogram.merged(Histogram.of_seconds(part) for part in parts)
    assert merged == Histogram.of_seconds([value for part in parts for value in part])


def test_merging_leaves_its_parts_as_they_were() -> None:
    one, other = Histogram.of_seconds([0.001]), Histogram.of_seconds([0.001, 0.002])
    assert Histogram.merged([one, other]).total == 3
    assert (one.total, other.total) == (1, 2)


@given(st.lists(NANOSECONDS, min_size=1, max_size=200), st.integers(min_value=1, max_value=1000))
def test_percentiles_are_the_nearest_rank_of_the_sorted_values(values_ns: list[int], permille: int) -> None:
    rank = -(-len(values_ns) * permille // 1000)
    expected_ms = sorted(values_ns)[rank - 1] / 1e6
    found_ms = Histogram.of_seconds(value / 1e9 for value in values_ns).percentile_ms(permille / 10)
    assert found_ms == pytest.approx(expected_ms, rel=0.001)


def test_the_rank_is_the_nearest_and_not_the_next() -> None:
    histogram = Histogram.of_seconds(number / 1000 for number in range(1, 101))
    assert [round(histogram.percentile_ms(percent) or 0) for percent in (1, 50, 90, 99, 100)] == [1, 50, 90, 99, 100]


def test_a_histogram_survives_its_counts() -> None:
    histogram = Histogram.of_seconds([0.001, 0.001, 2.5])
    assert Histogram.of_counts(dict(histogram.counts)) == histogram


def test_an_empty_histogram_has_no_percentile() -> None:
    assert Histogram().percentile_ms(50) is None
