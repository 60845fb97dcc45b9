"""The proof of the instrument finds an instrument that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from benchmarks import instrument
from benchmarks.instrument import (
    STALL_BASE_MS,
    STALL_MS,
    STALL_RATE_PER_S,
    STALL_WINDOW_S,
    Bench,
    check_percentiles,
    check_stall,
)
from benchmarks.load.results import LoadResult
from benchmarks.load.specs import Exchange, Model
from benchmarks.servers.process import Process
from benchmarks.stats.histogram import Histogram
from benchmarks.tests.records import load_result


@dataclass
class Skewed:
    """An instrument whose latencies are off by a factor each time it is asked, beside a server that is on time."""

    factors: list[float]
    delivered_ms: list[float] = field(default_factory=list)

    def run(self, name: str, exchanges: list[Exchange], **changes: object) -> LoadResult:
        self.delivered_ms = [float(exchange.query.removeprefix("delay_ms=")) for exchange in exchanges]
        return of_latencies(self.delivered_ms, self.factors.pop(0))

    def delivered(self) -> Histogram:
        return Histogram.of_seconds(delay_ms / 1000 for delay_ms in self.delivered_ms)


@dataclass
class Stalled:
    """What is found of a stall, and what the server says of it."""

    open_ms: list[float]
    closed_ms: list[float]
    delivered_ms: list[float]
    server: Process = field(default_factory=lambda: cast(Process, SimpleNamespace(port=0)))

    def run(self, name: str, exchanges: list[Exchange], on_begin: Callable[[], None], **changes: object) -> LoadResult:
        on_begin()
        return of_latencies(self.open_ms if changes["model"] is Model.OPEN else self.closed_ms)

    def delivered(self) -> Histogram:
        return Histogram.of_seconds(delay_ms / 1000 for delay_ms in self.delivered_ms)


def of_latencies(latencies_ms: list[float], factor: float = 1.0) -> LoadResult:
    found = Histogram.of_seconds(latency_ms * factor / 1000 for latency_ms in latencies_ms)
    return load_result(len(latencies_ms), histogram=dict(found.counts))


def percentiles(*factors: float) -> list[tuple[bool, bool]]:
    """Of each check, whether it passed and whether it was measured twice."""
    checks = check_percentiles(cast(Bench, Skewed(list(factors))), lambda said: None)
    return [(check.passed, "at the first attempt" in check.said) for check in checks]


def test_an_exact_instrument_passes_at_once() -> None:
    assert percentiles(1.0, 1.0) == [(True, False), (True, False)]
    assert percentiles(1.018, 0.982) == [(True, False), (True, False)]


@pytest.mark.parametrize("factor", [1.03, 0.97])
def test_an_instrument_that_is_wrong_by_three_percent_is_found(factor: float) -> None:
    assert percentiles(*[factor] * 3) == [(False, True), (False, False)]


def test_noise_gets_one_more_attempt_in_all_and_it_is_told() -> None:
    assert percentiles(1.05, 1.0, 1.0) == [(True, True), (True, False)]
    assert percentiles(1.0, 1.05, 1.0) == [(True, False), (True, True)]
    assert percentiles(1.05, 1.0, 1.05) == [(True, True), (False, False)]


ARRIVALS = round(STALL_RATE_PER_S * STALL_WINDOW_S)
STALLED = round(STALL_RATE_PER_S * STALL_MS / 1000)
FELT_MS = [STALL_BASE_MS] * (ARRIVALS - STALLED) + [STALL_MS * (number + 0.5) / STALLED for number in range(STALLED)]
OMITTED_MS = [STALL_BASE_MS] * (ARRIVALS - 4) + [STALL_MS] * 4  # who came meanwhile was never sent


@pytest.mark.parametrize(
    ("open_ms", "closed_ms", "delivered_ms", "passed"),
    [
        (FELT_MS, OMITTED_MS, FELT_MS, [True, True]),
        (OMITTED_MS, OMITTED_MS, FELT_MS, [False, True]),
        (OMITTED_MS, OMITTED_MS, OMITTED_MS, [False, True]),
        (FELT_MS, FELT_MS, FELT_MS, [True, False]),
    ],
    ids=["as it is", "counted from sending", "never sent", "a closed loop that shows it"],
)
def test_a_stall_must_be_seen_in_the_open_loop_and_hidden_in_the_closed(
    monkeypatch: pytest.MonkeyPatch,
    open_ms: list[float],
    closed_ms: list[float],
    delivered_ms: list[float],
    passed: list[bool],
) -> None:
    monkeypatch.setattr(instrument, "STALL_AFTER_S", 0.0)
    monkeypatch.setattr(instrument, "get", lambda *args, **options: (200, b""))
    bench = cast(Bench, Stalled(open_ms, closed_ms, delivered_ms))
    assert [check.passed for check in check_stall(bench, lambda said: None)] == passed
