"""Ratios with intervals from resampled rounds and windows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.stats.intervals import (
    Ratio,
    Resampler,
    Windows,
    bounds,
    expanded_tail,
    middle_of,
    paired_ratio,
    t_quantile,
    unpaired_ratio,
)

RATES = st.floats(min_value=0.1, max_value=1e5)
WINDOWS = st.lists(RATES, min_size=1, max_size=10)
ROUNDS = st.dictionaries(st.integers(1, 20), WINDOWS, min_size=1, max_size=9)
RATIOS = pytest.mark.parametrize("ratio_of", [paired_ratio, unpaired_ratio])
RatioOf = Callable[[Windows, Windows], Ratio | None]
FEW = settings(max_examples=25)


def flat(*rates: float) -> dict[int, list[float]]:
    """Rounds of one window each."""
    return {number: [rate] for number, rate in enumerate(rates, start=1)}


def drawn(
    dice: random.Random, rounds: int, *, round_noise: float, window_noise: float, ratio: float = 1.0
) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """Two contenders under one drift from round to round, each with noise of its own; ten windows a round."""
    sides: tuple[dict[int, list[float]], dict[int, list[float]]] = {}, {}
    for number in range(1, rounds + 1):
        drift = dice.gauss(0, 0.5)
        for side, factor in zip(sides, (ratio, 1.0), strict=True):
            level = drift + dice.gauss(0, round_noise)
            side[number] = [1000 * factor * math.exp(level + dice.gauss(0, window_noise)) for _ in range(10)]
    return sides


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    found = paired_ratio(flat(200, 300, 1200), flat(100, 200, 400))
    assert found is not None
    assert (found.value, found.rounds) == (2.0, 3)


def test_of_an_even_number_it_is_the_geometric_mean_of_the_two_in_the_middle() -> None:
    assert middle_of([9.0, 4.0, 1.0, 100.0]) == 6.0


def test_a_rounds_rate_is_the_mean_of_its_windows() -> None:
    found = paired_ratio({1: [100, 500]}, {1: [50, 100, 150]})
    assert found is not None
    assert found.value == 3.0


def test_rounds_are_paired_by_number_and_only_those_that_both_have_count() -> None:
    found = paired_ratio({4: [300.0], 1: [100.0], 2: [999.0]}, {1: [50.0], 3: [5.0], 4: [150.0]})
    assert found == Ratio(2.0, 2.0, 2.0, 2)


def test_a_round_in_which_the_baseline_answered_nothing_has_no_ratio() -> None:
    assert paired_ratio(flat(100, 100), {1: [0.0, 0.0], 2: [50.0]}) == Ratio(2.0, 2.0, 2.0, 1)


@RATIOS
def test_a_round_without_answers_counts_as_one(ratio_of: RatioOf) -> None:
    found = ratio_of(flat(0, 0, 0, 100, 100), flat(100, 100, 100, 100, 100))
    assert found is not None
    assert (found.value, found.low, found.high) == (0.0, 0.0, 1.0)


@RATIOS
def test_a_contender_that_never_answered_is_behind(ratio_of: RatioOf) -> None:
    found = ratio_of(dict.fromkeys(range(5), (0.0, 0.0)), flat(100, 100, 100, 100, 100) | {0: [100.0]})
    assert found == Ratio(0.0, 0.0, 0.0, 5)
    assert found.below


@pytest.mark.parametrize(("values", "baseline"), [({}, {}), ({1: [1.0]}, {}), ({}, {1: [1.0]}), ({1: [1.0]}, {1: [0]})])
@RATIOS
def test_without_figures_on_both_sides_there_is_no_ratio(ratio_of: RatioOf, values: Windows, baseline: Windows) -> None:
    assert ratio_of(values, baseline) is None


def test_rounds_of_one_run_are_not_paired_with_anothers() -> None:
    found = unpaired_ratio({1: [100.0], 2: [300.0], 3: [200.0]}, {7: [50.0], 8: [100.0], 9: [0.0], 10: [200.0]})
    assert found is not None
    assert (found.value, found.rounds) == (2.0, 3)


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (1.02, 1.2, True, False),
        (0.8, 0.98, False, True),
        (1.0001, 1.2, False, False),
        (0.8, 0.9999, False, False),
        (0.9, 1.1, False, False),
        (1.01, 1.2, False, False),
        (0.8, 0.99, False, False),
    ],
)
def test_a_difference_is_one_whose_interval_keeps_clear_of_1(low: float, high: float, above: bool, below: bool) -> None:
    ratio = Ratio(1.0, low, high, 5)
    assert (ratio.above, ratio.below, ratio.different) == (above, below, above or below)


def test_fewer_than_five_rounds_show_no_difference() -> None:
    assert not Ratio(2.0, 1.9, 2.1, 4).different
    assert Ratio(2.0, 1.9, 2.1, 5).different


def test_one_round_has_the_interval_that_its_windows_give_and_is_not_trusted() -> None:
    found = paired_ratio({1: [90.0, 110.0, 100.0]}, {1: [100.0, 100.0, 100.0]})
    assert found is not None
    assert found.low == pytest.approx(0.9, abs=0.01)
    assert found.high == pytest.approx(1.1, abs=0.01)
    assert not found.trusted


def test_one_outlier_among_many_rounds_does_not_widen_the_interval() -> None:
    found = paired_ratio(flat(200, 200, 200, 5, 200, 200, 200, 200, 200), flat(*[100] * 9))
    assert found == Ratio(2.0, 2.0, 2.0, 9)


def test_windows_that_come_in_bursts_do_not_widen_the_interval() -> None:
    """Four windows out of five are empty; resampled as they come, they would say that the rate is hardly known."""
    bursts = {number: [0.0, 0.0, 0.0, 0.0, 500.0 + number] * 2 for number in range(1, 8)}
    found = paired_ratio(bursts, {number: [100.0] * 10 for number in bursts})
    assert found is not None
    assert 1.0 < found.low < found.high < 1.02


@FEW
@given(ROUNDS, ROUNDS)
@RATIOS
def test_the_interval_holds_the_value(ratio_of: RatioOf, values: Windows, baseline: Windows) -> None:
    found = ratio_of(values, baseline)
    assume(found is not None)
    assert 0 < found.low <= found.value <= found.high < math.inf


@FEW
@given(ROUNDS, ROUNDS, st.sampled_from([0.001, 0.5, 3.0, 1000.0]))
@RATIOS
def test_the_unit_of_rates_does_not_matter(
    ratio_of: RatioOf, values: Windows, baseline: Windows, factor: float
) -> None:
    def scaled(windows: Windows) -> Windows:
        return {number: [rate * factor for rate in rates] for number, rates in windows.items()}

    found, other = ratio_of(values, baseline), ratio_of(scaled(values), scaled(baseline))
    assume(found is not None)
    assert (other.value, other.low, other.high) == pytest.approx((found.value, found.low, found.high))


@FEW
@given(ROUNDS, ROUNDS)
@RATIOS
def test_contenders_that_change_places_have_the_inverse(ratio_of: RatioOf, values: Windows, baseline: Windows) -> None:
    found, other = ratio_of(values, baseline), ratio_of(baseline, values)
    assume(found is not None)
    assert other.value == pytest.approx(1 / found.value, rel=1e-12)


def test_the_interval_of_the_inverse_is_the_inverse_of_the_interval_but_for_the_draws() -> None:
    values, baseline = drawn(random.Random(4), 7, round_noise=0.05, window_noise=0.05)
    found, other = paired_ratio(values, baseline), paired_ratio(baseline, values)
    assert found is not None and other is not None
    assert (1 / other.high, 1 / other.low) == pytest.approx((found.low, found.high), rel=0.02)


@FEW
@given(ROUNDS)
def test_what_is_compared_with_itself_has_a_ratio_of_exactly_1(values: Windows) -> None:
    found = paired_ratio(values, dict(values))
    assert found is not None
    assert found.value == 1.0
    assert found.low <= 1.0 <= found.high
    assert not found.different


@FEW
@given(ROUNDS, ROUNDS, st.randoms(use_true_random=False))
@RATIOS
def test_the_order_of_rounds_does_not_matter(
    ratio_of: RatioOf, values: dict[int, list[float]], baseline: Windows, dice: random.Random
) -> None:
    shuffled = list(values.items())
    dice.shuffle(shuffled)
    assert ratio_of(dict(shuffled), baseline) == ratio_of(values, baseline)


def test_the_order_of_rounds_does_not_matter_however_they_are_numbered() -> None:
    """Sets of small numbers happen to be in order; these are not."""
    values, baseline = drawn(random.Random(5), 5, round_noise=0.1, window_noise=0.1)
    numbers = {1: 8, 2: 16, 3: 24, 4: 1000, 5: 4096}
    ours, theirs = ({numbers[number]: rates for number, rates in side.items()} for side in (values, baseline))
    backwards = dict(reversed(ours.items()))
    assert paired_ratio(ours, theirs) == paired_ratio(backwards, theirs) == paired_ratio(values, baseline)


def test_the_same_figures_always_have_the_same_interval() -> None:
    values, baseline = drawn(random.Random(1), 5, round_noise=0.1, window_noise=0.1)
    first = paired_ratio(values, baseline)
    for function in (paired_ratio.__globals__["_paired"], paired_ratio.__globals__["_unpaired"]):
        function.cache_clear()
    random.seed(2)
    assert paired_ratio(values, baseline) == first


@pytest.mark.parametrize(
    ("probability", "degrees", "quantile"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 3, 3.1824),
        (0.975, 4, 2.7764),
        (0.975, 5, 2.5706),
        (0.975, 8, 2.3060),
        (0.975, 14, 2.1448),
        (0.975, 30, 2.0423),
        (0.975, 1000, 1.9623),
        (0.995, 4, 4.6041),
        (0.9, 6, 1.4398),
        (0.5, 3, 0.0),
    ],
)
def test_quantiles_of_students_t_are_those_of_the_tables(probability: float, degrees: int, quantile: float) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(quantile, abs=1e-4)


def test_fewer_rounds_leave_out_less_of_the_tails() -> None:
    tails = [expanded_tail(rounds) for rounds in (1, 2, 3, 5, 7, 15, 1000)]
    assert tails == sorted(tails)
    assert tails[0] == 0.0
    assert tails[3] == pytest.approx(0.000954, rel=0.01)  # Φ(-√(5 ÷ 4) × 2.7764)
    assert tails[-1] == pytest.approx(0.025, rel=0.01)


def test_where_tails_are_smaller_than_a_draw_the_bounds_are_the_extreme_draws() -> None:
    assert bounds([3.0, 1.0, 2.0], rounds=5) == (1.0, 3.0)
    assert bounds(map(float, range(1000)), rounds=1000) == (24.0, 975.0)


def test_blurring_leaves_the_scatter_as_it_was() -> None:
    """Twice as much noise from windows as there is between rounds, which is what bursts look like."""
    dice = random.Random(3)
    centres = [0.1, -0.2, 0.05, 0.3, -0.1]
    noises = [[dice.gauss(0, 0.4) for _ in range(200)] for _ in centres]
    pool = Resampler.blurred(list(zip(centres, noises, strict=True))).pool
    scatter = sum((centre - 0.03) ** 2 for centre in centres) / 4
    assert sum(value * value for value in pool) / len(pool) == pytest.approx(scatter, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("rounds", "round_noise", "window_noise"), [(5, 0.02, 0.2), (5, 0.15, 0.02), (9, 0.02, 0.2)])
def test_intervals_hold_the_truth_as_often_as_they_say(rounds: int, round_noise: float, window_noise: float) -> None:
    """Too narrow is below (plain percentiles of five rounds: 84 %), too wide above (windows counted twice: 99.8 %)."""
    dice, cases = random.Random(rounds), 300
    held = 0
    for _ in range(cases):
        found = paired_ratio(*drawn(dice, rounds, round_noise=round_noise, window_noise=window_noise))
        assert found is not None
        held += found.low <= 1.0 <= found.high
    assert 0.92 <= held / cases <= 0.9925


@pytest.mark.slow
def test_ten_percent_are_seen_in_five_rounds() -> None:
    dice, cases = random.Random(1), 150
    found = [paired_ratio(*drawn(dice, 5, round_noise=0.02, window_noise=0.02, ratio=1.1)) for _ in range(cases)]
    assert sum(ratio.above for ratio in found if ratio) >= 0.96 * cases


@pytest.mark.slow
def test_separate_runs_are_judged_with_their_drift() -> None:
    """Drift differs from run to run, so that pairing rounds of separate runs would make intervals far too narrow."""
    dice, cases, held = random.Random(1), 100, 0
    for _ in range(cases):
        values, _ = drawn(dice, 5, round_noise=0.05, window_noise=0.05)
        _, baseline = drawn(dice, 5, round_noise=0.05, window_noise=0.05)
        found = unpaired_ratio(values, baseline)
        assert found is not None
        held += found.low <= 1.0 <= found.high
    assert held / cases >= 0.95
