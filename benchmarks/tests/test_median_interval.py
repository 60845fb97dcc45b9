"""The median of rounds' values of any sign, and its interval."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stats.intervals import median_interval

FEW = settings(max_examples=25, deadline=None)
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9)


def test_the_median_stands_within_its_bounds_whatever_the_signs() -> None:
    value, low, high = median_interval([-30.0, 10.0, -10.0, 20.0, 5.0])
    assert value == 5.0
    assert -30.0 <= low < value < high <= 20.0


def test_values_that_are_all_the_same_leave_no_room() -> None:
    assert median_interval([-2.5] * 5) == (-2.5, -2.5, -2.5)


def test_one_value_is_its_own_interval() -> None:
    assert median_interval([7.0]) == (7.0, 7.0, 7.0)


def test_of_an_even_number_it_is_the_mean_of_the_two_in_the_middle() -> None:
    """The geometric mean, as of ratios, has no meaning below zero."""
    assert median_interval([-4.0, 1.0, -2.0, 9.0])[0] == -0.5


def test_one_outlier_among_many_does_not_widen_it() -> None:
    values = [1.0, 1.1, 0.9, 1.05, 0.95] * 4
    assert median_interval([*values, 1000.0])[2] < 1.2


def test_the_same_values_always_have_the_same_interval() -> None:
    values = [3.0, -1.0, 4.0, 1.0, -5.0]
    assert median_interval(values) == median_interval(list(values))


@FEW
@given(VALUES)
def test_the_interval_holds_the_median_and_lies_within_the_values(values: list[float]) -> None:
    value, low, high = median_interval(values)
    assert min(values) <= low <= value <= high <= max(values)


@FEW
@given(VALUES)
def test_changing_every_sign_changes_that_of_the_median(values: list[float]) -> None:
    assert median_interval([-value for value in values])[0] == pytest.approx(-median_interval(values)[0])


@pytest.mark.parametrize("rounds", [5, 9])
def test_it_holds_the_truth_as_often_as_it_says(rounds: int) -> None:
    dice = random.Random(7)
    held = 0
    for _ in range(60):
        _, low, high = median_interval([dice.gauss(-3.0, 2.0) for _ in range(rounds)])
        held += low <= -3.0 <= high
    assert held >= 0.9 * 60
