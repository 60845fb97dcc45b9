"""Each claim's rule at its edges: what waits for others (C5, C6, C8, C9, C11), and what no run can tell."""

from __future__ import annotations

from typing import Any

import pytest

from apps.scenarios.claims import CLAIMS, findings
from apps.scenarios.evidence import State
from apps.scenarios.profiles import AIOHTTP, ASYNC, FASTLANE
from apps.scenarios.tests.claim_runs import IO_BOUND, c1, c2, c3, c4, c5, c8, c9, c11, cell, found, run
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord
from benchmarks.record import State as CellState

HOLDS, WHEN, NO_LONGER, CANNOT = State.HOLDS, State.HOLDS_WHEN, State.NO_LONGER, State.CANNOT_TELL
JUDGED = {"C1": c1, "C2": c2, "C3": c3, "C4": c4, "C5": c5, "C8": c8, "C9": c9, "C11": c11}
LOOPS = (ASYNC, AIOHTTP)


@pytest.mark.parametrize(
    ("rate", "state"),
    [
        (1500, HOLDS),
        (1100, HOLDS),
        (1099, NO_LONGER),
        (500, NO_LONGER),
        ((900, 1000, 1050, 1200, 1300), CANNOT),
        ((1000, 1005, 1200, 1300, 1400), CANNOT),
    ],
)
def test_c5_many_calls_want_async_where_it_is_a_tenth_ahead(rate: Any, state: State) -> None:
    assert found("C5", c5(rate)).state == state


def test_c5_of_too_few_rounds_tells_nothing() -> None:
    assert found("C5", c5(1500, rounds=4)).state == found("C5", c5(500, rounds=4)).state == CANNOT


def test_c6_is_not_judged_before_there_are_websockets_but_told_what_open_responses_take() -> None:
    cells = [cell("stream_response", BASELINE, cpu_ms=None), cell("stream_response", ASYNC)]
    finding = found("C6", cells)
    assert finding.state == State.NOT_MEASURED
    assert f"32 at once: {BASELINE} takes – threads, {ASYNC} 4, since " in finding.numbers
    assert FASTLANE not in finding.numbers, "of a run without it"
    assert (
        f"; {FASTLANE}, which has no need of one, 4."
        in found("C6", [*cells, cell("stream_response", FASTLANE)]).numbers
    )


def test_c6_without_open_responses_says_only_what_is_not_there() -> None:
    finding = found("C6", [cell("plaintext", BASELINE)])
    assert finding.state == State.NOT_MEASURED
    assert finding.numbers == "The scenarios `notifications` and `chat` are not there yet."


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HOLDS),
        ({"aiohttp": 1100}, HOLDS),
        ({"aiohttp": 1099}, NO_LONGER),
        ({"aiohttp": {"orm_read": 1500, "fan_out": 1500}}, WHEN),
        ({"aiohttp": dict.fromkeys(IO_BOUND, 1500) | {"slow_io": 1099}}, WHEN),
        ({"aiohttp": 500}, NO_LONGER),
        ({"loop": 1400}, NO_LONGER),
    ],
)
def test_c8_aiohttp_has_to_be_ahead_of_threads_and_of_async_django_everywhere(
    changes: dict[str, Any], state: State
) -> None:
    assert found("C8", c8(**changes)).state == state


def test_c8_says_where_it_is_ahead() -> None:
    finding = found("C8", c8({"slow_io": 1500, "orm_read": 1500}))
    assert finding.numbers.startswith("In orm_read, slow_io. ")
    assert f"fan_out: 1.00 × (1.00–1.00) of {BASELINE}, 1.00 × (1.00–1.00) of {ASYNC}" in finding.details


def test_c8_is_no_matter_of_how_many_threads_there_are() -> None:
    few = [cell("slow_io", name, rate, ("threads", 4.0)) for name, rate in ((BASELINE, 80), (AIOHTTP, 1250))]
    assert found("C8", [*c8({"orm_read": 1500}), *few]).numbers.startswith("In orm_read. ")


def hurt(rate: int, *places: tuple[str, float]) -> list[CellRecord]:
    return c9(dict.fromkeys(places, rate))


def slowed(innocent_s: float, *places: tuple[str, float]) -> list[CellRecord]:
    return c9(innocent_s=dict.fromkeys(places, innocent_s))


EVERYWHERE = [(name, poison_ms) for name in LOOPS for poison_ms in (1.0, 50.0)]


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        (hurt(909, *EVERYWHERE), HOLDS),
        (hurt(910, *EVERYWHERE), NO_LONGER),
        (hurt(100, *EVERYWHERE[:3]), WHEN),
        (hurt(100, (AIOHTTP, 1.0)), WHEN),
        (hurt(100, (BASELINE, 1.0), (BASELINE, 50.0)), NO_LONGER),
        (slowed(0.0201, *EVERYWHERE), HOLDS),
        (slowed(0.0199, *EVERYWHERE), NO_LONGER),
        (slowed(0.0201, (ASYNC, 50.0)), WHEN),
        (c9(), NO_LONGER),
    ],
)
def test_c9_a_tenth_of_the_throughput_is_gone_or_the_innocent_wait_twice_as_long(
    cells: list[CellRecord], state: State
) -> None:
    """In both loops and at every poison; in some of them, it holds there."""
    assert found("C9", cells).state == state


def test_c9_says_where_it_is_felt_and_what_it_does() -> None:
    finding = found("C9", hurt(500, (ASYNC, 50.0), (AIOHTTP, 50.0), (AIOHTTP, 1.0)))
    assert finding.numbers.startswith(f"{AIOHTTP} at poison 1 ms; {ASYNC}, {AIOHTTP} at poison 50 ms. ")
    assert [line.partition(":")[0] for line in finding.details] == [BASELINE, ASYNC, AIOHTTP]
    assert finding.details[1] == (
        f"{ASYNC}: poison 1 ms: 1.00 × (1.00–1.00), 10.0 → 10.0 ms; poison 50 ms: 0.50 × (0.50–0.50), 10.0 → 10.0 ms"
    )


def test_c9_needs_both_loops_at_every_poison() -> None:
    cells = [one for one in c9() if (one.contender, one.sweep_value) != (AIOHTTP, 1.0)]
    finding = found("C9", cells)
    assert finding.state == State.NOT_MEASURED
    assert finding.numbers == "poisoned_loop aiohttp@aiohttp at poison 1 ms is not in this run."


def test_c11_does_not_hold_since_there_are_async_forms_whose_cost_is_told() -> None:
    finding = found("C11", c11())
    assert finding.state == NO_LONGER
    assert "4 hops a page: async@uvicorn is 1.00 × (1.00–1.00) of sync@gunicorn-threads" in finding.numbers


def test_c11_without_a_count_does_not_say_that_the_work_was_the_same() -> None:
    cells = c11()
    cells[1].verified = ["8 randomised answers", "statements not counted here"]
    assert found("C11", cells).state == CANNOT


@pytest.mark.parametrize("claim", JUDGED)
def test_a_void_cell_that_is_needed_leaves_a_claim_open(claim: str) -> None:
    cells = JUDGED[claim]()
    cells[-1].state = CellState.VOID
    finding = found(claim, cells)
    assert finding.state == CANNOT
    assert finding.numbers.endswith("has no valid figure in this run.")


@pytest.mark.parametrize("claim", JUDGED)
def test_without_a_cell_that_is_needed_a_claim_is_not_measured(claim: str) -> None:
    finding = found(claim, JUDGED[claim]()[:-1])
    assert finding.state == State.NOT_MEASURED
    assert finding.numbers.endswith("is not in this run.")


def test_a_run_of_something_else_measures_no_claim() -> None:
    told = findings(run(cell("plaintext", BASELINE)))
    assert list(told) == list(CLAIMS)
    assert {finding.state for finding in told.values()} == {State.NOT_MEASURED}
    assert all(finding.numbers for finding in told.values())


@pytest.mark.parametrize("claim", ["C2", "C4", "C5", "C8", "C9"])
def test_with_too_few_rounds_no_difference_is_told_and_none_denied(claim: str) -> None:
    assert found(claim, JUDGED[claim](rounds=4)).state == CANNOT


def test_an_open_loop_is_judged_at_its_highest_rate() -> None:
    names = (BASELINE, ASYNC, "wrapped@uvicorn")
    cells = [cell("session_auth", name, rate, rate_per_s=float(rate), hops=rate) for name in names for rate in (50, 90)]
    assert ", 90 hops a page" in found("C11", cells).numbers
