"""A cell's rounds as the figures people read. One place, for the terminal, the pages and every export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load.results import LoadResult
from benchmarks.record import CellRecord, Flag, RoundRecord, RunRecord, State
from benchmarks.resources import Usage
from benchmarks.stats.ceiling import sustained_per_s
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.intervals import Ratio, paired_ratio

ANSWERS_PER_WINDOW = 20  # fewer would make the bootstrap's windows lumpier than the contender is


@dataclass(frozen=True)
class Costs:
    """What a contender takes: medians over the valid rounds, peaks over all; None where it cannot be told."""

    cpu_ms_per_request: float | None = None
    database_cpu_ms_per_request: float | None = None
    steady_rss_bytes: int | None = None
    peak_rss_bytes: int | None = None
    peak_threads: int | None = None
    threads_started_per_request: float | None = None
    voluntary_switches_per_request: float | None = None
    involuntary_switches_per_request: float | None = None
    open_files: int | None = None
    database_connections: int | None = None
    database_connections_busy: int | None = None


@dataclass(frozen=True)
class Spread:
    """The middle and the tail of something that was measured many times, in milliseconds."""

    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class CellSummary:
    """Medians over the valid rounds; latencies from their merged histogram; peaks over all of them."""

    cell: CellRecord
    errors: int
    is_baseline: bool
    requests_per_s: float | None = None
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    costs: Costs = Costs()
    groups: dict[str, Spread] = field(default_factory=dict)  # latencies of each group of requests
    first_chunk: Spread | None = None  # of streams: from sending to the first piece of the body
    gap: Spread | None = None  # of streams: between two pieces
    ratio: Ratio | None = None  # to the scenario's baseline at the same setting; above 1 is better
    at_same_ceiling: bool = False  # as the baseline: the ratio says nothing of the software


def summarise(run: RunRecord, scenario: str) -> list[CellSummary]:
    """All cells of a scenario, in the run's order. Void and failed cells have no figures and enter no ratio."""
    baseline_name = next(entry.baseline for entry in run.scenarios if entry.name == scenario)
    cells = [cell for cell in run.cells if cell.scenario == scenario]
    baselines = {cell.setting: cell for cell in cells if cell.contender == baseline_name and usable(cell)}
    return [_summary(cell, baselines.get(cell.setting), cell.contender == baseline_name) for cell in cells]


def usable(cell: CellRecord) -> bool:
    """Whether a cell's figures may be shown: a complete one, or what was measured before a run was aborted."""
    return cell.state in (State.OK, State.ABORTED, State.RUNNING) and bool(cell.valid_rounds)


def _summary(cell: CellRecord, baseline: CellRecord | None, is_baseline: bool) -> CellSummary:
    errors = sum(sum(entry.load.outcomes[1].values()) for entry in cell.rounds if entry.load)
    if not usable(cell):
        return CellSummary(cell, errors, is_baseline)
    histogram = cell.histogram()
    loads = [entry.load for entry in cell.valid_rounds if entry.load]
    p50_ms, p90_ms, p99_ms, p999_ms = (percentile_ms(histogram, percent) for percent in (50, 90, 99, 99.9))
    return CellSummary(
        cell=cell,
        errors=errors,
        is_baseline=is_baseline,
        requests_per_s=median(entry.requests_per_s for entry in cell.valid_rounds),
        p50_ms=p50_ms,
        p90_ms=p90_ms,
        p99_ms=p99_ms,
        p999_ms=p999_ms,
        costs=_costs(cell),
        groups={name: _spread([load.groups.get(name, {}) for load in loads]) for name in _groups(loads)},
        first_chunk=_spread([load.first_chunk for load in loads]) if _streams(loads) else None,
        gap=_spread([load.gaps for load in loads]) if _streams(loads) else None,
        ratio=ratio_between(cell, baseline) if baseline and not is_baseline else None,
        at_same_ceiling=baseline is not None and not is_baseline and same_ceiling(cell, baseline),
    )


def _groups(loads: Sequence[LoadResult]) -> list[str]:
    return sorted({name for load in loads for name in load.groups})


def _streams(loads: Sequence[LoadResult]) -> bool:
    return any(load.first_chunk for load in loads)


def _spread(parts: Iterable[Mapping[int, int]]) -> Spread:
    merged = Histogram.merged(map(Histogram.of_counts, parts))
    return Spread(percentile_ms(merged, 50), percentile_ms(merged, 99))


def percentile_ms(histogram: Histogram, percent: float) -> float | None:
    """None where so few answers came that it would be no more than their slowest."""
    return histogram.percentile_ms(percent) if histogram.total >= 100 / (100 - percent) - 1e-9 else None


def same_ceiling(cell: CellRecord, other: CellRecord) -> bool:
    """Whether both are at one and the same ceiling: then the wait was measured, and not they."""
    return Flag.CEILING in cell.flags and Flag.CEILING in other.flags and ceiling_per_s(cell) == ceiling_per_s(other)


def ceiling_per_s(cell: CellRecord) -> float | None:
    """What its wait allows in the long run; None where it does not wait."""
    return sustained_per_s(cell.served_at_once, cell.wait_ms / 1000)


def ratio_between(cell: CellRecord, baseline: CellRecord) -> Ratio | None:
    """How many times better than the baseline: in throughput; in an open loop, which gives that, in median latency."""
    return paired_ratio(merits(cell), merits(baseline))


def merits(cell: CellRecord) -> dict[int, list[float]]:
    """What a cell is compared by: per valid round its rates or, where arrivals set the rate, its speed."""
    return windows(cell) if cell.rate_per_s is None else speeds(cell)


def windows(cell: CellRecord) -> dict[int, list[float]]:
    """Per valid round the rates of its equal parts: all slices, or fewer and longer ones where answers are few."""
    return {entry.number: _rates(entry.load) for entry in cell.valid_rounds if entry.load}


def _rates(load: LoadResult) -> list[float]:
    slices = [one.succeeded for one in load.slices]
    parts = next(
        (parts for parts in (10, 5, 2) if len(slices) % parts == 0 and load.succeeded >= parts * ANSWERS_PER_WINDOW), 1
    )
    if parts == 1 or not slices:
        return [load.succeeded / load.window_s]
    size = len(slices) // parts
    return [sum(slices[start : start + size]) * parts / load.window_s for start in range(0, len(slices), size)]


def speeds(cell: CellRecord) -> dict[int, list[float]]:
    """Per valid round one over its median latency: what there is to compare at a given rate of arrivals."""
    medians_ms = {
        entry.number: Histogram.of_counts(entry.load.histogram).percentile_ms(50)
        for entry in cell.valid_rounds
        if entry.load
    }
    return {number: [1000 / median_ms] for number, median_ms in medians_ms.items() if median_ms}


def _costs(cell: CellRecord) -> Costs:
    rounds = cell.valid_rounds
    servers = [entry.usage["server"] for entry in rounds if "server" in entry.usage]
    return Costs(
        cpu_ms_per_request=_median(cpu_ms_per_answer(entry, "server") for entry in rounds),
        database_cpu_ms_per_request=_median(cpu_ms_per_answer(entry, "postgres") for entry in rounds),
        steady_rss_bytes=_whole(_median(usage.steady_rss_bytes for usage in servers)),
        peak_rss_bytes=max((usage.peak_rss_bytes for usage in servers), default=None),
        peak_threads=max((usage.peak_threads for usage in servers), default=None),
        threads_started_per_request=_median(_per_answer(entry, entry.tasks_started) for entry in rounds),
        voluntary_switches_per_request=_median(
            _per_round(entry, lambda usage: usage.voluntary_switches) for entry in rounds
        ),
        involuntary_switches_per_request=_median(
            _per_round(entry, lambda usage: usage.involuntary_switches) for entry in rounds
        ),
        open_files=max((usage.open_files for usage in servers if usage.open_files is not None), default=None),
        database_connections=max(
            (entry.database_connections for entry in rounds if entry.database_connections is not None), default=None
        ),
        database_connections_busy=_whole(_median(entry.database_connections_busy for entry in rounds)),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def cpu_ms_per_answer(entry: RoundRecord, who: str) -> float | None:
    """As the server's own processes told it over the whole round; else in ticks of 10 ms, within the window."""
    own = _per_round(entry, lambda usage: None if usage.own_cpu_s is None else usage.own_cpu_s * 1000)
    if who == "server" and own is not None:
        return own
    usage = entry.usage.get(who)
    return None if usage is None else _per_answer(entry, usage.cpu_s * 1000)


def _per_answer(entry: RoundRecord, amount: float | None) -> float | None:
    """Of what was counted in the window."""
    return amount / entry.load.succeeded if amount is not None and entry.load and entry.load.succeeded else None


def _per_round(entry: RoundRecord, amount: Callable[[Usage], float | None]) -> float | None:
    """Of what was counted over the whole round, warm-up and drain too."""
    usage = entry.usage.get("server")
    total = amount(usage) if usage else None
    answers = entry.load.answered_in_all if entry.load else 0
    return total / answers if total is not None and answers else None
