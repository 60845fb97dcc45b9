"""Each claim's rule at its edges: holds, holds when, no longer, or not to be told (C1 to C4)."""

from __future__ import annotations

from typing import Any

import pytest

from apps.scenarios.evidence import State
from apps.scenarios.tests.claim_runs import c1, c2, c3, c4, found
from benchmarks.record import Flag

HOLDS, WHEN, NO_LONGER, CANNOT = State.HOLDS, State.HOLDS_WHEN, State.NO_LONGER, State.CANNOT_TELL


@pytest.mark.parametrize(
    ("served", "threaded", "state"),
    [
        ({1: 1.0, 2: 2.0, 4: 4.0}, 1.0, HOLDS),
        ({1: 1.0, 2: 2.0, 4: 4.0}, 1.15, HOLDS),
        ({1: 1.0, 2: 2.0, 4: 4.0}, 1.16, WHEN),
        ({1: 0.86, 2: 2.29, 4: 3.41}, 16.0, WHEN),
        ({1: 0.84, 2: 2.0, 4: 4.0}, 16.0, NO_LONGER),
        ({1: 1.0, 2: 2.31, 4: 4.0}, 1.0, NO_LONGER),
        ({1: 1.0, 2: 2.0, 4: 3.39}, 16.0, NO_LONGER),
    ],
)
def test_c1_as_many_are_served_as_there_are_processes_within_15_percent(
    served: dict[int, float], threaded: float, state: State
) -> None:
    """And threads make it a matter of how workers are set."""
    assert found("C1", c1(served, threaded)).state == state


def test_c1_tells_the_numbers_it_rests_on() -> None:
    cells = c1()
    cells[-1].threads = 16
    finding = found("C1", cells)
    assert finding.numbers == (
        "When workers are sync: sync@gunicorn-sync serves 1, 2, 4 at once on 1, 2, 4 processes; one process of "
        "sync@gunicorn-threads with 16 threads serves 16.0."
    )


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HOLDS),
        ({"two": 1300}, HOLDS),
        ({"two": 1290}, NO_LONGER),
        ({"two": 800}, NO_LONGER),
        ({"two": (900, 1000, 1200, 1400, 1500)}, CANNOT),
        ({"threads": 1100}, WHEN),
        ({"threads": 1099}, HOLDS),
        ({"loop": 1100}, WHEN),
        ({"aiohttp": 1100}, WHEN),
        ({"rounds": 4}, CANNOT),
    ],
)
def test_c2_a_second_process_has_to_gain_three_tenths(changes: dict[str, Any], state: State) -> None:
    """And where one process gains by something else, processes are not the only fit."""
    assert found("C2", c2(**changes)).state == state


def test_c2_tells_what_was_gained() -> None:
    numbers = found("C2", c2()).numbers
    assert numbers.startswith("sync@gunicorn-sync on 2 processes against 1: 1.80 × (1.80–1.80); in one process, ")
    assert "async@uvicorn 1.00 × (1.00–1.00)" in numbers


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HOLDS),
        ({"threads": 1.25}, HOLDS),
        ({"threads": 1.24}, WHEN),
        ({"threads": 1.0, "processes": 1.25}, HOLDS),
        ({"served": (1.0, 3.45)}, HOLDS),
        ({"served": (1.0, 3.35)}, NO_LONGER),
        ({"served": (1.2, 4.0), "threads": 1.0}, NO_LONGER),
    ],
)
def test_c3_sleepers_hold_their_process_and_cost_a_quarter_more_cpu_time(changes: dict[str, Any], state: State) -> None:
    assert found("C3", c3(**changes)).state == state


def test_c3_says_which_half_does_not_hold_and_what_sleeping_takes() -> None:
    assert found("C3", c3(threads=1.0)).numbers.startswith("The first half does, the second does not")
    numbers = found("C3", c3()).numbers
    assert "1.00 ms on 4 threads and 1.30 on 64, with 3.10 context switches; async@uvicorn takes 1.30 ms" in numbers


def test_c3_without_figures_of_the_cpu_does_not_say_what_sleepers_cost() -> None:
    finding = found("C3", c3(processes=None, threads=None))
    assert finding.state == CANNOT
    assert "nearly free" not in finding.numbers


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HOLDS),
        ({"slow": 1100}, HOLDS),
        ({"slow": 1099}, NO_LONGER),
        ({"slow": 900}, NO_LONGER),
        ({"fast": 1099}, HOLDS),
        ({"fast": 1100}, WHEN),
        ({"threads": 33}, HOLDS),
        ({"threads": 31}, WHEN),
        ({"slow": 1000, "processes": 900}, WHEN),
        ({"slow": 1000, "processes": 950}, NO_LONGER),
    ],
)
def test_c4_async_has_to_be_ahead_on_slow_queries_and_not_on_fast_ones(changes: dict[str, Any], state: State) -> None:
    """Of as many threads as there are clients; of fewer, or of processes alone, it is a matter of how many."""
    assert found("C4", c4(**changes)).state == state


def test_c4_says_when_where_threads_or_processes_were_too_few() -> None:
    numbers = found("C4", c4(threads=16)).numbers
    assert numbers.startswith("When there are fewer processes and threads than clients, here 16 threads for 32.")
    assert "From 1 to 100 ms a query, requests/s: sync@gunicorn-sync 1,000 → 1,000" in numbers


def test_c4_does_not_say_that_threads_were_too_few_where_they_were_not() -> None:
    """Ahead of enough threads on a fast database as well: that is another condition."""
    finding = found("C4", c4(fast=1500))
    assert finding.state != HOLDS
    assert "fewer processes and threads than clients" not in finding.numbers


def test_c4_at_one_ceiling_does_not_pretend_to_rank() -> None:
    cells = c4(slow=1000, processes=900)
    for cell in cells[-2:]:
        cell.flags, cell.wait_ms = {Flag.CEILING: "at the ceiling"}, 100.0
    assert "Then async is at the same ceiling as sync@gunicorn-threads" in found("C4", cells).numbers
