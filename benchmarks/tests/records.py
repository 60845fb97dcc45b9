"""Hand-made records for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.load.results import LoadResult
from benchmarks.plan import BASELINE
from benchmarks.record import CellRecord, RoundRecord, RunRecord, ScenarioRecord, State
from benchmarks.resources import Usage
from benchmarks.stats.histogram import Histogram

NOW = "2026-01-01T00:00:00+00:00"


def load_result(succeeded: int = 1000, *, latency_s: float = 0.010, **changes: Any) -> LoadResult:
    """All answers of a window of 1 s; every one took ``latency_s``."""
    counts = dict(Histogram.of_seconds([latency_s] * succeeded).counts)
    values: dict[str, Any] = {
        "window_s": 1.0,
        "sent": succeeded,
        "in_flight_before": 0,
        "in_flight_after": 0,
        "succeeded": succeeded,
        "errors": {},
        "warmed_up": True,
        "histogram": counts,
    }
    return LoadResult(**{**values, **changes})


def usage(cpu_s: float = 0.5, *, rss_bytes: int = 50_000_000, threads: int = 4, **changes: Any) -> Usage:
    values: dict[str, Any] = {"processes": 1, "steady_rss_bytes": rss_bytes, **changes}
    return Usage(cpu_s=cpu_s, peak_rss_bytes=rss_bytes, peak_threads=threads, **values)


def round_record(number: int = 1, load: LoadResult | None = None, **changes: Any) -> RoundRecord:
    values = {"state": State.OK, "load": load or load_result(), "usage": {"server": usage()}, **changes}
    return RoundRecord(number=number, position=1, started_at=NOW, **values)


def cell_record(contender: str = BASELINE, rates: Sequence[int] = (1000,), **changes: Any) -> CellRecord:
    """A complete cell with one valid round for each rate."""
    rounds = [round_record(number, load_result(rate)) for number, rate in enumerate(rates, start=1)]
    values = {
        "scenario": "plaintext",
        "concurrency": 32,
        "state": State.OK,
        "workers": 1,
        "threads": 1,
        "rounds": rounds,
        **changes,
    }
    return CellRecord(contender=contender, **values)


def run_record(*cells: CellRecord, baseline: str = BASELINE, **options: Any) -> RunRecord:
    card = ScenarioRecord("plaintext", "Framework overhead alone", "What does a request cost?", baseline)
    return RunRecord(started_at=NOW, seed=1, options={"rounds": 3, **options}, scenarios=[card], cells=list(cells))
