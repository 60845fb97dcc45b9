"""Beyond capacity: what a window's slices say about goodput and recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.load.results import Slice
from benchmarks.load.specs import Phase
from benchmarks.record import OverloadRecord
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.overload import (
    ANSWERS_PER_SLICE,
    BACK_FACTOR,
    FACTORS,
    LEAST_BACK_MS,
    LONGEST_SLICE_S,
    RECOVERY_S,
    SLICE_S,
    SLICES_PER_STEP,
    assess,
    profile,
    recovery_s,
)
from benchmarks.tests.records import load_result

CAPACITY = 100.0
PHASES = (Phase(50.0, 1.0), Phase(200.0, 1.0), Phase(50.0, 1.0))
QUIET_MS = 10.0


def part(latency_ms: float | None, count: int = 10, **changes: int) -> Slice:
    """A tenth of a second; without a latency nothing was answered in it."""
    if latency_ms is None:
        return Slice(0, 0, **{"offered": count, **changes})
    counts = dict(Histogram.of_seconds([latency_ms / 1000] * count).counts)
    return replace(Slice(count, 0, offered=count, histogram=counts), **changes)


GOOD, BAD, SILENT, EMPTY = part(QUIET_MS), part(500.0), part(None), part(None, 0)


def assessed(after: list[Slice], loaded: list[Slice] | None = None) -> OverloadRecord:
    slices = [*[GOOD] * 10, *(loaded or [BAD] * 10), *after]
    return assess(load_result(window_s=3.0, slices=slices), CAPACITY, PHASES, 2.0)


@pytest.mark.parametrize(
    ("after", "recovered_s"),
    [
        ([GOOD] * 10, 0.0),
        ([BAD] * 3 + [GOOD] * 7, 0.3),
        ([BAD] * 9 + [GOOD], 0.9),
        ([BAD] * 10, None),
        ([GOOD] * 9 + [BAD], None),
        ([BAD] * 2 + [GOOD] * 3 + [BAD] + [GOOD] * 4, 0.6),
        ([SILENT] * 4 + [GOOD] * 6, 0.4),
        ([SILENT] * 10, None),
        ([part(QUIET_MS, failed=1)] * 2 + [GOOD] * 8, 0.2),
        ([part(QUIET_MS, unsent=1)] * 2 + [GOOD] * 8, 0.2),
    ],
    ids=[
        *("at once", "after three slices", "in the last", "never", "bad in the end", "relapse"),
        *("silence is not recovered", "silence to the end", "failures are not", "what was not sent is not"),
    ],
)
def test_recovered_is_who_stays_recovered(after: list[Slice], recovered_s: float | None) -> None:
    found = assessed(after)
    assert found.recovery_s == (None if recovered_s is None else pytest.approx(recovered_s))
    assert found.watched_s == pytest.approx(1.0)


def test_slices_in_which_a_slow_contender_was_asked_nothing_say_nothing() -> None:
    sparse = [GOOD, EMPTY, EMPTY, GOOD, EMPTY, EMPTY, GOOD, EMPTY, EMPTY, EMPTY]
    assert assessed(sparse).recovery_s == 0.0
    assert assessed([EMPTY] * 10).recovery_s is None, "there is nothing to go by"


def test_slices_in_which_nothing_was_asked_take_their_time_all_the_same() -> None:
    assert assessed([BAD, EMPTY, EMPTY, BAD, EMPTY, EMPTY, *[GOOD] * 4]).recovery_s == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("quiet_ms", "back_ms"), [(100.0, 100.0 * BACK_FACTOR), (1.0, 1.0 + LEAST_BACK_MS)], ids=["slow", "quick"]
)
def test_back_is_near_the_p99_of_the_lowest_load_whichever_bound_is_wider(quiet_ms: float, back_ms: float) -> None:
    assert recovery_s([part(back_ms * 0.99)], quiet_ms, 0.1) == 0.0
    assert recovery_s([part(back_ms * 1.01)], quiet_ms, 0.1) is None


def test_without_a_quiet_p99_there_is_nothing_to_recover_to() -> None:
    assert recovery_s([GOOD], None, 0.1) is None
    assert assess(load_result(window_s=3.0, slices=[EMPTY] * 30), CAPACITY, PHASES, 2.0).recovery_s is None


def test_a_step_is_what_was_offered_and_answered_in_it() -> None:
    loaded = [part(500.0, 10, offered=20, unsent=4, failed=1)] * 10
    quiet, beyond = assessed([GOOD] * 10, loaded).steps
    assert (quiet.factor, quiet.offered_per_s, quiet.goodput_per_s) == (0.5, pytest.approx(100), pytest.approx(100))
    assert quiet.p99_ms == pytest.approx(QUIET_MS, rel=0.001)
    assert (beyond.factor, beyond.offered_per_s, beyond.goodput_per_s) == (2, pytest.approx(200), pytest.approx(100))
    assert (beyond.failed, beyond.unsent) == (10, 40)


def test_the_beginning_of_a_step_still_answers_the_one_before() -> None:
    """A fifth is left out of rates and latencies, not of what was lost."""
    late = part(2000.0, 30, failed=5)
    _, beyond = assessed([GOOD] * 10, [late, late, *[BAD] * 8]).steps
    assert beyond.goodput_per_s == pytest.approx(100.0)
    assert beyond.p99_ms == pytest.approx(500.0, rel=0.001)
    assert beyond.failed == 10


def test_a_step_without_an_answer_has_no_p99() -> None:
    _, beyond = assessed([GOOD] * 10, [SILENT] * 10).steps
    assert (beyond.goodput_per_s, beyond.p99_ms) == (0.0, None)


def test_the_whole_course_is_kept() -> None:
    found = assessed([GOOD] * 10)
    assert len(found.timeline) == 30
    assert found.slice_s == pytest.approx(0.1)
    assert found.capacity_per_s == CAPACITY


def test_a_window_a_little_longer_than_planned_keeps_its_slices_in_their_steps() -> None:
    slices = [*[GOOD] * 10, *[BAD] * 10, *[GOOD] * 10]
    found = assess(load_result(window_s=3.02, slices=slices), CAPACITY, PHASES, 2.0)
    assert found.steps[0].p99_ms == pytest.approx(QUIET_MS, rel=0.001)
    assert found.recovery_s == 0.0


def test_every_multiple_comes_in_turn_and_the_lowest_again() -> None:
    wanted = profile(1000.0)
    assert [phase.rate_per_s / 1000 for phase in wanted.phases] == pytest.approx([*FACTORS, FACTORS[0]])
    assert wanted.phases[-1].duration_s == RECOVERY_S
    assert wanted.duration_s / wanted.slices == pytest.approx(SLICE_S)


@pytest.mark.parametrize("capacity_per_s", [0.5, 2.0, 5.0, 20.0, 30.0, 80.0, 1000.0, 50_000.0])
def test_slow_contenders_have_longer_slices_and_steps_of_enough_of_them(capacity_per_s: float) -> None:
    wanted = profile(capacity_per_s)
    slice_s = wanted.duration_s / wanted.slices
    enough_s = ANSWERS_PER_SLICE / (capacity_per_s * FACTORS[0])
    assert slice_s == pytest.approx(min(max(SLICE_S, enough_s), LONGEST_SLICE_S), rel=0.02)
    assert all(phase.duration_s >= SLICES_PER_STEP * slice_s * 0.98 for phase in wanted.phases)


def test_a_course_of_the_profile_can_be_assessed_however_slow_the_contender() -> None:
    for capacity_per_s in (0.5, 7.0, 33.0, 1000.0):
        wanted = profile(capacity_per_s)
        load = load_result(window_s=wanted.duration_s, slices=[GOOD] * wanted.slices)
        assert assess(load, capacity_per_s, wanted.phases, 2.0).recovery_s == 0.0


@pytest.mark.parametrize("capacity_per_s", [0.3, 50.0, 55.0, 70.0, 73.9, 78.0, 90.0, 5000.0])
def test_no_slice_lies_in_two_phases(capacity_per_s: float) -> None:
    wanted = profile(capacity_per_s)
    slice_s = wanted.duration_s / wanted.slices
    assert slice_s <= LONGEST_SLICE_S * 1.001
    for phase in wanted.phases:
        assert phase.duration_s / slice_s == pytest.approx(round(phase.duration_s / slice_s))
    rates = [phase.rate_per_s for phase in wanted.phases for _ in range(round(phase.duration_s / slice_s))]
    slices = [Slice(round(rate * slice_s * 1000), 0, round(rate * slice_s * 1000)) for rate in rates]
    found = assess(load_result(window_s=wanted.duration_s, slices=slices), capacity_per_s, wanted.phases, 2.0)
    for step in found.steps:
        assert step.offered_per_s / 1000 == pytest.approx(step.factor * capacity_per_s, rel=0.01)
