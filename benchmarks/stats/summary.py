"""A cell's rounds as the figures people read. One place, for the terminal, the pages and every export."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.record import CellRecord, RunRecord, State
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.ratios import Ratio, paired_ratio


@dataclass(frozen=True)
class CellSummary:
    """Medians over the valid rounds; latencies from their merged histogram; peaks over all of them."""

    cell: CellRecord
    requests_per_s: float | None
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    errors: int
    cpu_ms_per_request: float | None
    peak_rss_bytes: int | None
    peak_threads: int | None
    ratio: Ratio | None  # to the scenario's baseline at the same load level
    is_baseline: bool


def summarise(run: RunRecord, scenario: str) -> list[CellSummary]:
    """All cells of a scenario, in the run's order. Void and failed cells have no figures and enter no ratio."""
    baseline_name = next(entry.baseline for entry in run.scenarios if entry.name == scenario)
    cells = [cell for cell in run.cells if cell.scenario == scenario]
    baselines = {cell.concurrency: cell for cell in cells if cell.contender == baseline_name and usable(cell)}
    return [_summary(cell, baselines.get(cell.concurrency), cell.contender == baseline_name) for cell in cells]


def usable(cell: CellRecord) -> bool:
    """Whether a cell's figures may be shown: a complete one, or what was measured before a run was aborted."""
    return cell.state in (State.OK, State.ABORTED, State.RUNNING) and bool(cell.valid_rounds)


def _summary(cell: CellRecord, baseline: CellRecord | None, is_baseline: bool) -> CellSummary:
    errors = sum(entry.load.failed for entry in cell.rounds if entry.load)
    if not usable(cell):
        return CellSummary(cell, None, None, None, None, errors, None, None, None, None, is_baseline)
    rounds, histogram = cell.valid_rounds, cell.histogram()
    servers = [entry.usage["server"] for entry in rounds if "server" in entry.usage]
    costs_ms = [
        entry.usage["server"].cpu_s * 1000 / entry.load.succeeded
        for entry in rounds
        if entry.load and entry.load.succeeded and "server" in entry.usage
    ]
    return CellSummary(
        cell=cell,
        requests_per_s=median(entry.requests_per_s for entry in rounds),
        p50_ms=_percentile_ms(histogram, 50),
        p90_ms=_percentile_ms(histogram, 90),
        p99_ms=_percentile_ms(histogram, 99),
        errors=errors,
        cpu_ms_per_request=median(costs_ms) if costs_ms else None,
        peak_rss_bytes=max((usage.peak_rss_bytes for usage in servers), default=None),
        peak_threads=max((usage.peak_threads for usage in servers), default=None),
        ratio=paired_ratio(_by_round(cell), _by_round(baseline)) if baseline and not is_baseline else None,
        is_baseline=is_baseline,
    )


def _percentile_ms(histogram: Histogram, percent: float) -> float | None:
    """None where so few answers came that it would be no more than their slowest."""
    return histogram.percentile_ms(percent) if histogram.total >= 100 / (100 - percent) else None


def _by_round(cell: CellRecord) -> dict[int, float]:
    return {entry.number: entry.requests_per_s for entry in cell.valid_rounds}
