"""Ratios paired by round."""

from __future__ import annotations

import random

import pytest

from benchmarks.stats.ratios import Ratio, coverage_of, paired_ratio, rank_for


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
    [
        (1.02, 1.2, True),
        (0.8, 0.98, True),
        (1.0001, 1.2, False),
        (0.8, 0.9999, False),
        (0.9, 1.1, False),
        (1.0, 1.2, False),
        (0.8, 1.0, False),
    ],
)
def test_a_difference_is_one_whose_interval_keeps_clear_of_1(low: float, high: float, different: bool) -> None:
    assert Ratio(1.0, low, high, 0.9375).different is different


@pytest.mark.parametrize(("rounds", "coverage"), [(0, 0.0), (1, 0.0), (2, 0.5), (5, 0.9375), (6, 0.96875)])
def test_the_range_of_more_rounds_is_more_to_be_trusted(rounds: int, coverage: float) -> None:
    assert coverage_of(rounds, 1) == coverage


@pytest.mark.parametrize("rounds", [1, 2, 3, 5, 7, 8, 9, 20, 21, 100])
def test_the_interval_is_the_narrowest_that_still_has_the_coverage(rounds: int) -> None:
    rank = rank_for(rounds)
    assert coverage_of(rounds, rank) >= 0.93 or rank == 1
    assert coverage_of(rounds, rank + 1) < 0.93


def test_one_outlier_among_many_rounds_does_not_widen_the_interval() -> None:
    values = dict.fromkeys(range(1, 10), 200.0) | {4: 5.0}
    found = paired_ratio(values, dict.fromkeys(values, 100.0))
    assert found is not None
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)
    assert found.different


def test_coverage_agrees_with_drawing() -> None:
    dice = random.Random(1)
    for rounds in (5, 9, 15):
        rank, hits, draws = rank_for(rounds), 0, 4000
        for _ in range(draws):
            values = sorted(dice.random() for _ in range(rounds))
            hits += values[rank - 1] <= 0.5 <= values[-rank]
        assert abs(hits / draws - coverage_of(rounds, rank)) < 0.02
