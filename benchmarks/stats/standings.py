"""From a run's cells to what verdict and crossover ask for: who stands where beside the threaded baseline."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from statistics import median

from benchmarks.axes import Axis
from benchmarks.plan import Contender
from benchmarks.record import CellRecord, Flag, RunRecord
from benchmarks.stats.crossover import Crossover, Point, crossover
from benchmarks.stats.queueing import predicted_crossover_ms, throughput_per_s
from benchmarks.stats.summary import CellSummary, cpu_ms_per_answer, merits, summarise, usable
from benchmarks.stats.verdict import Level, Standing, Verdict, verdict

PROCESSES = "sync@gunicorn-sync"
AXES = tuple(Axis)  # on which one contender may overtake another; other settings change the work itself
OUTSIDE = "aiohttp"  # the variant that leaves Django: shown beside the others, never advised to a Django team


def is_async_django(contender: str) -> bool:
    """Whether this is what a team would have that moved its views to async Django."""
    variant = Contender.parse(contender).variant
    return variant.partition("-")[0] not in (OUTSIDE, "sync")


def advice(run: RunRecord, scenario: str) -> Verdict | None:
    """The verdict over all load levels.

    None for a sweep, whose answer is its crossover, nor where requests are of several kinds, each with its own answer.
    """
    rows = [row for row in summarise(run, scenario) if not row.cell.sweep_axis]
    if not rows or any(len(row.groups) > 1 for row in rows):
        return None
    by_level: dict[str, list[CellSummary]] = {}
    for row in rows:
        by_level.setdefault(row.cell.level, []).append(row)
    return verdict([_level(found) for found in by_level.values()])


def _level(rows: list[CellSummary]) -> Level:
    cell = rows[0].cell
    baseline = next((row for row in rows if row.is_baseline), None)
    if baseline:  # what stands before the views is another question
        rows = [row for row in rows if row.cell.middleware == baseline.cell.middleware]
    processes = next((row for row in rows if row.cell.contender == PROCESSES and not row.is_baseline), None)
    return Level(
        order=cell.rate_per_s if cell.rate_per_s is not None else cell.concurrency,
        text=cell.level,
        baseline=baseline.cell.contender if baseline else "",
        baseline_at_ceiling=baseline is not None and Flag.CEILING in baseline.cell.flags,
        processes=_standing(processes) if processes else None,
        candidates=tuple(_standing(row) for row in rows if not row.is_baseline and is_async_django(row.cell.contender)),
    )


def _standing(row: CellSummary) -> Standing:
    return Standing(row.cell.contender, row.ratio, Flag.CEILING in row.cell.flags)


@dataclass(frozen=True)
class Crossing:
    """From where on a sweep a contender beats the baseline, at one load level: measured, and as a model predicts."""

    contender: str
    baseline: str
    axis: str
    level: str  # the load alone
    concurrency: int
    baseline_threads: int  # in a sweep over waits; 0 where they are what is swept, or there is one
    measured: Crossover
    predicted: float | None  # milliseconds; 0: ahead at every wait, infinite: at none; None: cannot be predicted
    predictable: bool  # the model is one of a closed loop, and of waits


def crossings(run: RunRecord, scenario: str) -> list[Crossing]:
    """Every async Django contender against the baseline, level by level; empty without a sweep."""
    name = next(card.baseline for card in run.scenarios if card.name == scenario)
    cells = [cell for cell in run.cells if cell.scenario == scenario and cell.sweep_axis in AXES and usable(cell)]
    baselines = {cell.setting: cell for cell in cells if cell.contender == name}
    groups: dict[tuple[str, str, int, float | None], list[tuple[CellRecord, CellRecord]]] = {}
    for cell in cells:
        if cell.contender != name and is_async_django(cell.contender) and cell.setting in baselines:
            group = groups.setdefault((cell.sweep_axis, cell.contender, cell.concurrency, cell.rate_per_s), [])
            group.append((cell, baselines[cell.setting]))
    return [_crossing(name, pairs) for pairs in groups.values() if len(pairs) > 1]


def _crossing(baseline: str, pairs: list[tuple[CellRecord, CellRecord]]) -> Crossing:
    first = pairs[0][0]
    more_helps_baseline = first.sweep_axis != Axis.WAIT  # then the challenger is ahead up to a point, not from it on
    points = [
        Point(1 / cell.sweep_value if more_helps_baseline else cell.sweep_value, merits(cell), merits(other))
        for cell, other in pairs
    ]
    measured = crossover(points)
    return Crossing(
        contender=first.contender,
        baseline=baseline,
        axis=first.sweep_axis,
        level=first.level.partition(",")[0],
        concurrency=first.concurrency,
        baseline_threads=_threads([other for _, other in pairs]),
        measured=_turned(measured) if more_helps_baseline else measured,
        predicted=_predict(pairs) if first.sweep_axis == Axis.WAIT and first.rate_per_s is None else None,
        predictable=first.sweep_axis == Axis.WAIT and first.rate_per_s is None,
    )


def _threads(cells: list[CellRecord]) -> int:
    threads = {cell.threads for cell in cells}
    return threads.pop() if len(threads) == 1 and threads != {1} else 0


def _turned(found: Crossover) -> Crossover:
    """A crossover that was looked for in one over the axis, as one on the axis."""
    x, low, high = (value and 1 / value for value in (found.x, found.low, found.high))
    return Crossover(found.state, x, low=high, high=low)


def _predict(pairs: list[tuple[CellRecord, CellRecord]]) -> float | None:
    """What the queueing model says, from the CPU time per request that was measured at the same load level."""
    challenger, baseline = ([pair[side] for pair in pairs] for side in (0, 1))
    demands_s = [_demand_s(cells) for cells in (challenger, baseline)]
    values = [cell.sweep_value for cell in challenger]
    if demands_s[0] is None or demands_s[1] is None:
        return None
    found = predicted_crossover_ms(
        customers=challenger[0].concurrency,
        challenger_demand_s=demands_s[0],
        challenger_waits=_waits(challenger[0]),
        challenger_slots=challenger[0].slots,
        baseline_demand_s=demands_s[1],
        baseline_waits=_waits(baseline[0]),
        baseline_slots=baseline[0].slots,
        low_ms=min(values) / 10,
        high_ms=max(values) * 10,
    )
    if found is not None:
        return found
    ours, theirs = (
        throughput_per_s(cells[0].concurrency, demand_s, _waits(cells[0]) * min(values) / 1000, cells[0].slots)
        for cells, demand_s in ((challenger, demands_s[0]), (baseline, demands_s[1]))
    )
    return 0.0 if ours > theirs else inf


def _waits(cell: CellRecord) -> int:
    return round(cell.wait_ms / cell.sweep_value)


def _demand_s(cells: list[CellRecord]) -> float | None:
    """Seconds of the server's CPU per request, the median over rounds of all points."""
    costs_ms = [cost for cell in cells for entry in cell.valid_rounds if (cost := cpu_ms_per_answer(entry, "server"))]
    return median(costs_ms) / 1000 if costs_ms else None
