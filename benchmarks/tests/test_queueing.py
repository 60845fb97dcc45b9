"""A closed queueing model."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stats.queueing import predicted_crossover_ms, throughput_per_s

CUSTOMERS = st.integers(min_value=1, max_value=300)
DEMANDS_S = st.floats(min_value=1e-6, max_value=0.1)
WAITS_S = st.one_of(st.just(0.0), st.floats(min_value=1e-6, max_value=10))
UNHURT = 1 + 1e-9  # rounding


@pytest.mark.parametrize(
    ("customers", "demand_s", "wait_s", "rate"),
    [
        (1, 0.1, 0.9, 1.0),
        (2, 1.0, 1.0, 0.8),  # by hand: the second finds half a request before it, R = 1.5, X = 2 ÷ 2.5
        (3, 1.0, 1.0, 15 / 16),  # Q(2) = 1.2, R = 2.2, X = 3 ÷ 3.2
        (32, 0.001, 0.0, 1000.0),
        (32, 0.0, 0.2, 160.0),
        (0, 0.1, 0.1, 0.0),
    ],
)
def test_throughput_is_what_mean_value_analysis_gives(
    customers: int, demand_s: float, wait_s: float, rate: float
) -> None:
    assert throughput_per_s(customers, demand_s, wait_s, None) == pytest.approx(rate)


@pytest.mark.parametrize(("demand_s", "wait_s"), [(0.0, 0.0), (-0.1, 1.0), (1.0, -0.1)])
def test_a_request_needs_cpu_or_wait(demand_s: float, wait_s: float) -> None:
    with pytest.raises(ValueError, match="needs CPU or wait"):
        throughput_per_s(1, demand_s, wait_s, None)


@given(CUSTOMERS, DEMANDS_S, WAITS_S)
def test_throughput_keeps_within_its_asymptotic_bounds(customers: int, demand_s: float, wait_s: float) -> None:
    """E. D. Lazowska et al., "Quantitative System Performance" (1984), section 5.2."""
    rate = throughput_per_s(customers, demand_s, wait_s, None)
    assert rate <= min(customers / (demand_s + wait_s), 1 / demand_s) * UNHURT
    assert rate * UNHURT >= customers / (customers * demand_s + wait_s)


@given(CUSTOMERS, DEMANDS_S, WAITS_S)
def test_throughput_keeps_within_its_balanced_bounds(customers: int, demand_s: float, wait_s: float) -> None:
    """The same, section 5.4, for one queueing station: others queue at most as if nobody ever waited outside it."""
    alone = demand_s / (demand_s + wait_s)
    rate = throughput_per_s(customers, demand_s, wait_s, None)
    assert rate * UNHURT >= customers / (demand_s + wait_s + (customers - 1) * demand_s)
    assert rate <= customers / (demand_s + wait_s + (customers - 1) * demand_s * alone) * UNHURT


@given(CUSTOMERS, DEMANDS_S, WAITS_S)
def test_more_customers_are_never_served_slower(customers: int, demand_s: float, wait_s: float) -> None:
    fewer, more = (throughput_per_s(count, demand_s, wait_s, None) for count in (customers, customers + 1))
    assert fewer <= more * UNHURT


@given(CUSTOMERS, DEMANDS_S, WAITS_S, st.floats(min_value=1, max_value=10))
def test_more_demand_or_more_wait_is_never_faster(customers: int, demand_s: float, wait_s: float, more: float) -> None:
    rate = throughput_per_s(customers, demand_s, wait_s, None)
    assert throughput_per_s(customers, demand_s * more, wait_s, None) <= rate * UNHURT
    assert throughput_per_s(customers, demand_s, wait_s * more, None) <= rate * UNHURT


@given(CUSTOMERS, CUSTOMERS, DEMANDS_S, WAITS_S)
def test_customers_beyond_the_slots_change_nothing(customers: int, slots: int, demand_s: float, wait_s: float) -> None:
    inside = min(customers, slots)
    assert throughput_per_s(customers, demand_s, wait_s, slots) == throughput_per_s(inside, demand_s, wait_s, None)


@given(CUSTOMERS, DEMANDS_S, WAITS_S, st.floats(min_value=0.01, max_value=100))
def test_the_unit_of_time_does_not_matter(customers: int, demand_s: float, wait_s: float, unit: float) -> None:
    scaled = throughput_per_s(customers, demand_s * unit, wait_s * unit, None)
    assert scaled * unit == pytest.approx(throughput_per_s(customers, demand_s, wait_s, None))


def test_twenty_thousand_customers_are_no_trouble() -> None:
    assert throughput_per_s(20_000, 0.0001, 0.0, None) == pytest.approx(10_000)
    assert throughput_per_s(20_000, 0.0001, 100.0, None) == pytest.approx(200, rel=0.01)


def test_throughput_agrees_with_a_simulated_server() -> None:
    """Service and wait are exponential, for which Mean Value Analysis is exact."""
    dice, served, now = random.Random(1), 0, 0.0
    demand_s, wait_s, waiting, queued = 0.1, 0.5, 6, 0
    while served < 40_000:
        rates = (waiting / wait_s, 1 / demand_s if queued else 0.0)
        now += dice.expovariate(sum(rates))
        done = dice.random() * sum(rates) > rates[0]
        served += done
        waiting, queued = (waiting + 1, queued - 1) if done else (waiting - 1, queued + 1)
    assert served / now == pytest.approx(throughput_per_s(6, demand_s, wait_s, None), rel=0.02)


def test_async_that_costs_more_is_ahead_once_threads_are_all_waiting() -> None:
    """With 16 threads at 0.4 ms a request, 64 connections: about when 16 ÷ wait falls below 1 ÷ 0.8 ms."""
    assert predicted_crossover_ms(64, 0.0008, 1, None, 0.0004, 1, 16, 0.1, 1000) == pytest.approx(12.1, rel=0.01)


def test_waits_that_are_gathered_bring_the_crossover_down() -> None:
    one_by_one = predicted_crossover_ms(64, 0.0008, 10, None, 0.0004, 10, 16, 0.1, 1000)
    gathered = predicted_crossover_ms(64, 0.0008, 1, None, 0.0004, 10, 16, 0.1, 1000)
    assert one_by_one is not None and gathered is not None
    assert gathered < one_by_one


@pytest.mark.parametrize(
    ("challenger_demand_s", "slots", "low_ms", "high_ms"),
    [(0.0008, 16, 0.1, 5), (0.0008, 16, 50, 1000), (0.0002, 16, 0.1, 1000), (0.0008, 64, 0.1, 1e6), (0.0004, 64, 1, 9)],
    ids=["behind all the way", "ahead all the way", "cheaper too", "at one ceiling in the end", "the same"],
)
def test_without_a_change_of_lead_there_is_no_crossover(
    challenger_demand_s: float, slots: int, low_ms: float, high_ms: float
) -> None:
    assert predicted_crossover_ms(64, challenger_demand_s, 1, None, 0.0004, 1, slots, low_ms, high_ms) is None


@pytest.mark.parametrize(("low_ms", "high_ms"), [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_a_range_of_waits_grows(low_ms: float, high_ms: float) -> None:
    with pytest.raises(ValueError, match="must grow"):
        predicted_crossover_ms(64, 0.0008, 1, None, 0.0004, 1, 16, low_ms, high_ms)


@settings(max_examples=50)
@given(CUSTOMERS, DEMANDS_S, DEMANDS_S, st.integers(1, 10), st.integers(1, 64))
def test_from_the_crossover_on_the_challenger_is_ahead_and_just_below_it_is_not(
    customers: int, demand_s: float, baseline_demand_s: float, waits: int, slots: int
) -> None:
    found_ms = predicted_crossover_ms(customers, demand_s, 1, None, baseline_demand_s, waits, slots, 0.01, 1000)

    def lead(wait_ms: float) -> float:
        challenger = throughput_per_s(customers, demand_s, wait_ms / 1000, None)
        return challenger / throughput_per_s(customers, baseline_demand_s, waits * wait_ms / 1000, slots) - 1

    if found_ms is None:
        assert lead(0.01) > 0 or lead(1000) <= 1e-8
    else:
        assert lead(found_ms * 0.9999) <= 1e-8 < 1e-8 + lead(found_ms * 1.0001)
        assert lead(1000) > 0
