"""The ceiling that a wait sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats.ceiling import ceiling_per_s


@pytest.mark.parametrize(
    ("slots", "wait_s", "window_s", "ceiling"),
    [(16, 0.2, 1.0, 96.0), (16, 0.2, 0.5, 112.0), (1, 1.0, 1.0, 2.0), (2, 10.0, 1.0, 2.2)],
)
def test_each_slot_completes_what_it_had_under_way_and_then_one_per_wait(
    slots: int, wait_s: float, window_s: float, ceiling: float
) -> None:
    assert ceiling_per_s(slots, wait_s, window_s) == pytest.approx(ceiling)


@pytest.mark.parametrize("wait_s", [0.0, -0.1])
def test_without_a_wait_there_is_no_ceiling(wait_s: float) -> None:
    assert ceiling_per_s(32, wait_s, 1.0) is None


@given(
    waits=st.integers(min_value=1, max_value=500),
    window=st.integers(min_value=1, max_value=5000),
    phases=st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=32),
)
def test_slots_that_do_nothing_but_wait_stay_below_it(waits: int, window: int, phases: list[float]) -> None:
    """In milliseconds; a phase says how far a slot's request had come when the window began."""
    completed = sum(len(range(round(phase * waits), window + 1, waits)) for phase in phases)
    ceiling = ceiling_per_s(len(phases), waits / 1000, window / 1000)
    assert ceiling is not None
    assert completed / (window / 1000) <= ceiling * (1 + 1e-9)
