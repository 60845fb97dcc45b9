"""The crossover, read off measured points."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stats.crossover import Crossover, Point, State, crossing, crossover, state_of
from benchmarks.stats.intervals import Ratio, Windows
from benchmarks.stats.queueing import predicted_crossover_ms, throughput_per_s

WAITS_MS = (1.0, 3.0, 10.0, 30.0, 100.0)
RATIOS = st.lists(st.floats(min_value=0.2, max_value=5), min_size=2, max_size=6)


def steady(x: float, ratio: float, spread: float = 0.002, rounds: int = 5) -> Point:
    """A point whose rounds lie evenly around a ratio, by ``spread`` from one to the next."""
    offsets = [1 + spread * (number - (rounds - 1) / 2) for number in range(rounds)]
    return Point(
        x, {number: [ratio * offset] for number, offset in enumerate(offsets)}, dict.fromkeys(range(rounds), (1.0,))
    )


def points(*ratios: float, spread: float = 0.002) -> list[Point]:
    return [steady(10.0**place, ratio, spread) for place, ratio in enumerate(ratios)]


def noisy(dice: random.Random, rate: float, rounds: int, noise: float) -> Windows:
    levels = [rate * math.exp(dice.gauss(0, noise)) for _ in range(rounds)]
    return {number: [level * math.exp(dice.gauss(0, noise)) for _ in range(8)] for number, level in enumerate(levels)}


def test_the_crossover_is_interpolated_in_logarithms() -> None:
    found = crossover(points(0.25, 0.5, 2.0, 4.0))
    assert found.state is State.CROSSES
    assert found.x == pytest.approx(10**1.5)
    assert found.low is not None and found.high is not None
    assert 31 < found.low <= found.x <= found.high < 32.3


def test_it_is_the_last_crossing_that_counts() -> None:
    found = crossover(points(0.5, 2.0, 0.5, 2.0))
    assert found.x == pytest.approx(10**2.5)


def test_ahead_everywhere_has_no_crossover() -> None:
    assert crossover(points(1.2, 1.5, 3.0)) == Crossover(State.ALWAYS_AHEAD)


def test_ahead_nowhere_has_no_crossover() -> None:
    assert crossover(points(0.5, 0.6, 0.7)) == Crossover(State.NEVER_AHEAD)


def test_being_no_worse_at_a_common_ceiling_is_not_being_ahead() -> None:
    assert crossover(points(0.5, 0.8, 0.97, 1.0)) == Crossover(State.NEVER_AHEAD)
    assert crossover(points(0.5, 0.8, 0.99, 1.004)) == Crossover(State.NEVER_AHEAD)


def test_a_lead_that_was_lost_again_is_no_crossover() -> None:
    assert crossover(points(0.5, 1.5, 1.6, 1.0)) == Crossover(State.CANNOT_TELL)
    assert crossover(points(1.5, 1.6, 0.7)) == Crossover(State.CANNOT_TELL)
    assert crossover(points(0.5, 1.05, 1.0)) == Crossover(State.CANNOT_TELL)


def test_when_no_point_is_different_nothing_can_be_told() -> None:
    assert crossover(points(0.99, 1.0, 1.02, spread=0.05)) == Crossover(State.CANNOT_TELL)


def test_when_the_far_end_is_open_nothing_can_be_told() -> None:
    assert crossover([steady(1, 0.5), steady(10, 1.1, spread=0.3)]) == Crossover(State.CANNOT_TELL)


@pytest.mark.parametrize("measured", [[], [Point(1, {}, {})], [steady(1, 5.0, rounds=4), steady(2, 0.1, rounds=4)]])
def test_without_trusted_ratios_nothing_can_be_told(measured: list[Point]) -> None:
    assert crossover(measured) == Crossover(State.CANNOT_TELL)


def test_points_without_a_trusted_ratio_are_left_out() -> None:
    known = points(0.5, 2.0)
    assert crossover([*known, steady(1000, 0.1, rounds=4), Point(5, {}, {})]) == crossover(known)


def test_an_interval_that_reaches_beyond_the_grid_is_open_on_that_side() -> None:
    found = crossover([steady(1, 0.97, spread=0.03), steady(10, 1.5), steady(100, 2.0)])
    assert found.state is State.CROSSES
    assert found.low is None
    assert found.high is not None and 1 < found.high < 10


def test_a_near_end_that_may_be_ahead_puts_the_crossover_at_or_below_it() -> None:
    found = crossover([steady(1, 1.01, spread=0.03), steady(10, 1.5)])
    assert found.state is State.CROSSES
    assert (found.x, found.low) == (None, None)
    assert found.high is not None and 1 < found.high < 10


def test_a_challenger_without_answers_crosses_where_it_has_some() -> None:
    silent = Point(1, dict.fromkeys(range(5), (0.0,)), dict.fromkeys(range(5), (1.0,)))
    assert crossover([silent, steady(10, 2.0)]).x == pytest.approx(10)


@pytest.mark.parametrize("places", [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, math.inf)])
def test_points_need_an_x_of_their_own_above_0(places: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        crossover([steady(x, 2.0) for x in places])


@pytest.mark.parametrize(
    ("heights", "place"),
    [((1, 1), -math.inf), ((1, 0), math.inf), ((-1, 1), 0.5), ((0, 1), 0.0), ((-math.inf, 1), 1.0), ((1,), -math.inf)],
)
def test_a_crossing_lies_between_the_last_height_that_is_not_above_0_and_the_next(
    heights: Sequence[float], place: float
) -> None:
    assert crossing(range(len(heights)), heights) == place


@settings(max_examples=30)
@given(RATIOS, st.floats(min_value=0.001, max_value=1000), st.randoms(use_true_random=False))
def test_neither_the_order_of_points_nor_the_unit_of_x_matters(
    ratios: list[float], unit: float, dice: random.Random
) -> None:
    measured = points(*ratios)
    scaled = [Point(point.x * unit, point.challenger, point.baseline) for point in measured]
    dice.shuffle(scaled)
    found, other = crossover(measured), crossover(scaled)
    assert found.state is other.state
    for one, two in ((found.x, other.x), (found.low, other.low), (found.high, other.high)):
        assert two == (one if one is None else pytest.approx(one * unit))


@settings(max_examples=30)
@given(RATIOS)
def test_the_interval_holds_the_crossover_and_both_lie_on_the_grid(ratios: list[float]) -> None:
    found = crossover(points(*ratios, spread=0.02))
    low, x, high = found.low or 0.0, found.x, found.high or math.inf
    if found.state is not State.CROSSES:
        assert found == Crossover(found.state)
    elif x is not None:
        assert 0.999 <= x <= 10.0 ** (len(ratios) - 1)
        assert low <= x <= high


@given(st.lists(st.tuples(*[st.floats(min_value=0.5, max_value=2)] * 3), max_size=6))
def test_no_lead_is_told_without_a_point_that_is_clearly_ahead(figures: list[tuple[float, float, float]]) -> None:
    ratios = [Ratio(value, low, high, 5) for low, value, high in map(sorted, figures)]
    state = state_of(ratios)
    if state in (State.CROSSES, State.ALWAYS_AHEAD):
        assert ratios[-1].above
    if state is State.NEVER_AHEAD:
        assert not any(ratio.above for ratio in ratios)
    if not any(ratio.different for ratio in ratios):
        assert state is State.CANNOT_TELL


def test_a_lead_everywhere_is_not_claimed_when_a_point_has_no_figures() -> None:
    ahead = Point(10.0, *({number: [rate] for number in range(1, 8)} for rate in (200.0, 100.0)))
    assert crossover([ahead]).state is State.ALWAYS_AHEAD
    assert crossover([Point(1.0, {}, ahead.baseline), ahead]).state is State.CANNOT_TELL


def simulated(dice: random.Random, rounds: int, noise: float, slots: int = 16) -> list[Point]:
    """Async at 0.8 ms of CPU a request against threads at 0.4 ms, 64 connections."""
    return [
        Point(
            wait_ms,
            noisy(dice, throughput_per_s(64, 0.0008, wait_ms / 1000, None), rounds, noise),
            noisy(dice, throughput_per_s(64, 0.0004, wait_ms / 1000, slots), rounds, noise),
        )
        for wait_ms in WAITS_MS
    ]


def test_enough_threads_for_all_connections_are_never_overtaken() -> None:
    assert crossover(simulated(random.Random(2), 7, 0.01, slots=64)).state is State.NEVER_AHEAD


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [5, 9])
def test_the_models_crossover_is_recovered(rounds: int) -> None:
    """The truth is the model's, read off the same grid: what lies between points nobody measured."""
    places = [math.log(wait_ms) for wait_ms in WAITS_MS]
    rates = [
        [throughput_per_s(64, demand_s, wait_ms / 1000, slots) for wait_ms in WAITS_MS]
        for demand_s, slots in ((0.0008, None), (0.0004, 16))
    ]
    truth = math.exp(crossing(places, [math.log(ours / theirs) for ours, theirs in zip(*rates, strict=True)]))
    predicted = predicted_crossover_ms(64, 0.0008, 1, None, 0.0004, 1, 16, WAITS_MS[0], WAITS_MS[-1])
    assert truth == pytest.approx(predicted, rel=0.15)
    dice, cases, held = random.Random(rounds), 40, 0
    for _ in range(cases):
        found = crossover(simulated(dice, rounds, 0.05))
        assert found.state is State.CROSSES
        assert found.x == pytest.approx(truth, rel=0.3)
        held += found.low is not None and found.high is not None and found.low <= truth <= found.high
    assert held >= 0.9 * cases
