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
        ({1: 0.84, 2: 2.0, 4: 4.0}, 16.0, CANNOT),
        ({1: 1.0, 2: 2.31, 4: 4.0}, 1.0, NO_LONGER),
        ({1: 1.0, 2: 2.0, 4: 3.39}, 16.0, CANNOT),
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
        ({"aiohttp": 2000}, HOLDS),
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
        ({"served": (1.0, 3.35)}, CANNOT),
        ({"served": (1.2, 4.0), "threads": 1.0}, NO_LONGER),
    ],
)
def test_c3_sleepers_hold_their_process_and_cost_a_quarter_more_cpu_time(changes: dict[str, Any], state: State) -> None:
    assert found("C3", c3(**changes)).state == state


def test_c3_says_which_half_does_not_hold_and_what_sleeping_takes() -> None:
    assert found("C3", c3(threads=1.0)).numbers.startswith("The first half does, the second does not")
    cpu, switches = found("C3", c3()).details
    assert cpu.endswith("1.00 ms on 4 threads, 1.30 on 64")
    assert switches.startswith("context switches per request: 3.10 on 64 threads; ")


def test_c3_without_figures_of_the_cpu_does_not_say_what_sleepers_cost() -> None:
    finding = found("C3", c3(processes=None, threads=None))
    assert finding.state == CANNOT
    assert "nearly free" not in finding.numbers


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HOLDS),
        ({"matched": 1100, "calls": 1100}, HOLDS),
        ({"matched": 1099}, WHEN),
        ({"calls": 1099}, WHEN),
        ({"fast": 1100}, WHEN),
        ({"matched": 1000, "calls": 1000}, WHEN),
        ({"matched": 1000, "calls": 1000, "slow": 1000, "processes": 900}, WHEN),
        ({"matched": 1000, "calls": 1000, "slow": 1000}, NO_LONGER),
        ({"matched": (900, 1000, 1050, 1200, 1300), "calls": 1000, "slow": 1000}, CANNOT),
    ],
)
def test_c4_async_has_to_be_ahead_with_slow_queries_and_with_calls_and_not_on_a_fast_database(
    changes: dict[str, Any], state: State
) -> None:
    """Of as many threads as there are clients; of fewer, or of processes alone, it is a matter of how many."""
    assert found("C4", c4(**changes)).state == state


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({"fast": 1500}, "When queries are slow, or calls to other services are added."),
        (
            {"matched": 1000},
            "When calls to other services are added, or queries are slow and threads fewer than clients.",
        ),
        ({"matched": 1000, "calls": 1000}, "When queries are slow and threads fewer than clients."),
        (
            {"matched": 1000, "calls": 1000, "slow": 1000, "processes": 900},
            "When queries are slow and there are processes only.",
        ),
    ],
)
def test_c4_says_when(changes: dict[str, Any], when: str) -> None:
    finding = found("C4", c4(**changes))
    assert finding.numbers == when
    assert any("16 threads for 32 clients" in line for line in finding.details)


def test_c4_at_one_ceiling_does_not_pretend_to_rank() -> None:
    cells = c4(slow=1000, processes=900)
    for cell in cells[-2:]:
        cell.flags, cell.wait_ms = {Flag.CEILING: "at the ceiling"}, 100.0
    told = " ".join(found("C4", cells).details)
    assert "16 threads for 32 clients: async is at the same ceiling as sync@gunicorn-threads" in told
