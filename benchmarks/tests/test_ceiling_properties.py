"""No server whose requests wait can pass its ceiling, whatever else it does."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stats.ceiling import ceiling_per_s

EXTRAS_US = st.integers(min_value=0, max_value=2000) | st.just(0)
SLOTS = st.lists(st.lists(EXTRAS_US, min_size=1, max_size=60), min_size=1, max_size=8)
WAITS_US = st.integers(min_value=1, max_value=5000)


def completions_us(wait_us: int, extras_us: list[int]) -> list[int]:
    """When one slot's requests are done, one after another: each waits, and idles or works before that."""
    return list(accumulate(wait_us + extra_us for extra_us in extras_us))


def ceiling(slots: int, wait_us: int, window_us: int) -> float:
    found = ceiling_per_s(slots, wait_us / 1e6, window_us / 1e6)
    assert found is not None
    return found


@given(SLOTS, WAITS_US, st.integers(0, 100_000), st.integers(1, 100_000))
def test_a_server_with_slots_stays_below_its_ceiling_in_any_window(
    slots: list[list[int]], wait_us: int, start_us: int, window_us: int
) -> None:
    """Both ends of the window belong to it, which is the worst case."""
    done = sum(
        start_us <= time_us <= start_us + window_us
        for extras_us in slots
        for time_us in completions_us(wait_us, extras_us)
    )
    assert done / (window_us / 1e6) <= ceiling(len(slots), wait_us, window_us) * (1 + 1e-9)


@given(st.integers(1, 64), WAITS_US, st.integers(1, 50))
def test_a_server_that_does_nothing_but_wait_reaches_it(slots: int, wait_us: int, waits: int) -> None:
    """A window that begins and ends with an answer of every slot: nothing smaller would be a ceiling."""
    window_us = waits * wait_us
    done = slots * sum(window_us <= time_us <= 2 * window_us for time_us in completions_us(wait_us, [0] * 2 * waits))
    assert abs(done / (window_us / 1e6) / ceiling(slots, wait_us, window_us) - 1) < 1e-9


@given(st.integers(1, 64), WAITS_US, st.integers(1, 100_000))
def test_longer_windows_more_waiting_and_fewer_slots_lower_it(slots: int, wait_us: int, window_us: int) -> None:
    found = ceiling(slots, wait_us, window_us) * (1 + 1e-9)
    assert ceiling(slots, wait_us, window_us + 1) <= found
    assert ceiling(slots, wait_us + 1, window_us) <= found
    assert found <= ceiling(slots + 1, wait_us, window_us) * (1 + 1e-9)
