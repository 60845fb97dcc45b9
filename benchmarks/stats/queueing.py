"""What a closed queueing model predicts: one CPU that requests queue for, and a wait in which they share nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

SATURATED = 1e-12  # relative distance from 1 ÷ demand at which more customers change nothing
EXCEEDS = 1e-9  # relative lead below which two predictions are the same: both at one ceiling, and rounding
STEPS = 40  # of the search for the last change of sign; each is a factor of 1.4 where the range is 1 µs to 1 s


def throughput_per_s(customers: int, demand_s: float, wait_s: float, slots: int | None) -> float:
    """Requests/s when ``customers`` each send the next request at the answer to the last (closed loop).

    ``demand_s`` is the CPU time of a request, ``wait_s`` what it waits for without using the CPU. A server with
    ``slots`` has no more than so many requests under way; further customers wait outside. Exact Mean Value Analysis
    of a queueing and a delay station: M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain
    Queuing Networks", Journal of the ACM 27 (1980). ValueError when a request needs neither CPU nor wait.
    """
    if demand_s < 0 or wait_s < 0 or demand_s + wait_s == 0:
        raise ValueError(f"a request needs CPU or wait, not {demand_s} s and {wait_s} s")
    population = customers if slots is None else min(customers, slots)
    if not demand_s:
        return population / wait_s
    rate, queue = 0.0, 0.0
    for inside in range(1, population + 1):
        response_s = demand_s * (1 + queue)
        rate = inside / (wait_s + response_s)
        if rate * demand_s >= 1 - SATURATED:
            break
        queue = rate * response_s
    return rate


def predicted_crossover_ms(
    customers: int,
    challenger_demand_s: float,
    challenger_waits: int,
    challenger_slots: int | None,
    baseline_demand_s: float,
    baseline_waits: int,
    baseline_slots: int | None,
    low_ms: float,
    high_ms: float,
) -> float | None:
    """The wait in milliseconds from which on, up to ``high_ms``, the challenger's throughput exceeds the baseline's.

    Each contender waits ``waits`` times that wait, one after the other: 1 where calls are gathered. None when the
    challenger is ahead all the way from ``low_ms`` on, and when it is not ahead at ``high_ms``, be it behind or at
    the same ceiling. Where the lead changes more than once, it is the last change that counts.
    """
    if not 0 < low_ms < high_ms:
        raise ValueError(f"the wait must grow from above 0, not from {low_ms} to {high_ms} ms")

    def ahead(log_ms: float) -> bool:
        wait_s = exp(log_ms) / 1000
        challenger = throughput_per_s(customers, challenger_demand_s, challenger_waits * wait_s, challenger_slots)
        baseline = throughput_per_s(customers, baseline_demand_s, baseline_waits * wait_s, baseline_slots)
        return challenger > baseline * (1 + EXCEEDS)

    low, high = log(low_ms), log(high_ms)
    grid = [low + (high - low) * step / STEPS for step in range(STEPS + 1)]
    if not ahead(grid[-1]):
        return None
    for below, above in zip(reversed(grid[:-1]), reversed(grid[1:]), strict=True):
        if not ahead(below):
            return exp(_first(ahead, below, above))
    return None


def _first(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where between ``low``, where it does not hold, and ``high``, where it does, it begins to."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
