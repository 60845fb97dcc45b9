"""Ratios paired by round."""

from __future__ import annotations

import pytest

from benchmarks.stats.ratios import Ratio, paired_ratio, range_coverage


def test_a_ratio_is_the_median_of_the_rounds_ratios_with_their_range() -> None:
    baseline = {1: 100.0, 2: 200.0, 3: 400.0}
    assert paired_ratio({1: 200.0, 2: 300.0, 3: 1200.0}, baseline) == Ratio(2.0, 1.5, 3.0, 0.75)


def test_rounds_are_paired_by_number_and_not_by_place() -> None:
    assert paired_ratio({2: 400.0, 1: 200.0}, {1: 100.0, 2: 200.0}) == Ratio(2.0, 2.0, 2.0, 0.5)


def test_only_rounds_that_both_have_count() -> None:
    found = paired_ratio({1: 100.0, 2: 999.0, 4: 300.0}, {1: 100.0, 3: 5.0, 4: 100.0})
    assert found == Ratio(2.0, 1.0, 3.0, 0.5)


def test_a_round_in_which_the_baseline_answered_nothing_has_no_ratio() -> None:
    assert paired_ratio({1: 100.0, 2: 100.0}, {1: 0.0, 2: 50.0}) == Ratio(2.0, 2.0, 2.0, 0.0)


@pytest.mark.parametrize(("values", "baseline"), [({}, {}), ({1: 1.0}, {}), ({}, {1: 1.0}), ({1: 1.0}, {2: 1.0})])
def test_without_a_common_round_there_is_no_ratio(values: dict[int, float], baseline: dict[int, float]) -> None:
    assert paired_ratio(values, baseline) is None


@pytest.mark.parametrize(
    ("low", "high", "different"),
    [(1.01, 1.2, True), (0.8, 0.99, True), (0.9, 1.1, False), (1.0, 1.2, False), (0.8, 1.0, False)],
)
def test_a_difference_is_one_whose_interval_keeps_clear_of_1(low: float, high: float, different: bool) -> None:
    assert Ratio(1.0, low, high, 0.9375).different is different


@pytest.mark.parametrize(("rounds", "coverage"), [(0, 0.0), (1, 0.0), (2, 0.5), (5, 0.9375), (6, 0.96875)])
def test_the_range_of_more_rounds_is_more_to_be_trusted(rounds: int, coverage: float) -> None:
    assert range_coverage(rounds) == coverage
