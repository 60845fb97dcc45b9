"""What a claim's judgement rests on: a run's figures by name, and how they are put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.axes import describe_point
from benchmarks.plan import BASELINE
from benchmarks.record import RunRecord
from benchmarks.reports import figures
from benchmarks.stats.effects import Effect, setting_effects
from benchmarks.stats.intervals import LEAST_ROUNDS, Ratio, median_interval
from benchmarks.stats.summary import CellSummary, cpu_ms_per_answer, summarise
from benchmarks.stats.verdict import MATTERS


class State(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    HOLDS_WHEN = "holds when …"
    NO_LONGER = "no longer holds"
    CANNOT_TELL = "cannot tell"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """A claim's state in one run, with the numbers it rests on; ``details`` are a line each."""

    state: State
    numbers: str
    details: tuple[str, ...] = ()


class Missing(Exception):
    """A figure that a claim rests on is not in the run; ``absent``: the run never asked for it."""

    def __init__(self, what: str, *, absent: bool) -> None:
        super().__init__(f"{what} {'is not in this run' if absent else 'has no valid figure in this run'}.")
        self.absent = absent


class Seen:
    """A run's figures, found by scenario, contender and point of a sweep."""

    def __init__(self, run: RunRecord) -> None:
        self.run = run
        self._rows: dict[str, list[CellSummary]] = {}

    def row(self, scenario: str, contender: str, axis: str = "", value: float = 0.0) -> CellSummary:
        """The cell's figures, at its highest load. Raises Missing."""
        if scenario not in {card.name for card in self.run.scenarios}:
            raise Missing(f"The scenario {scenario}", absent=True)
        rows = self._rows.setdefault(scenario, summarise(self.run, scenario))
        found = [
            row
            for row in rows
            if (row.cell.contender, row.cell.sweep_axis, row.cell.sweep_value) == (contender, axis, value)
        ]
        what = f"{scenario} {contender}" + (f" at {describe_point(axis, value)}" if axis else "")
        if not found:
            raise Missing(what, absent=True)
        highest = max(found, key=lambda row: row.cell.rate_per_s or row.cell.concurrency)
        if highest.requests_per_s is None:
            raise Missing(what, absent=False)
        return highest

    def points(self, scenario: str, axis: str) -> list[float]:
        """The values of a sweep, in order. Raises Missing."""
        values = {cell.sweep_value for cell in self.run.cells if (cell.scenario, cell.sweep_axis) == (scenario, axis)}
        if not values:
            raise Missing(f"A sweep of {scenario} over {axis}", absent=True)
        return sorted(values)

    def effects(self, scenario: str) -> list[Effect]:
        """What a swept setting does to each contender."""
        return setting_effects(self.run, scenario)


def served_at_once(row: CellSummary) -> float:
    """Throughput × wait (Little), of all valid rounds together: a window holds few answers of who serves few."""
    loads = [entry.load for entry in row.cell.valid_rounds if entry.load]
    rate_per_s = sum(load.succeeded for load in loads) / sum(load.window_s for load in loads)
    return rate_per_s * row.cell.wait_ms / 1000


def is_ahead(ratio: Ratio | None) -> bool:
    """Ahead so that it matters, as in verdicts."""
    return ratio is not None and ratio.above and ratio.value >= MATTERS


def is_no_lead(ratio: Ratio | None) -> bool:
    """Known not to be ahead so that it matters: the interval leaves no room for it."""
    return ratio is not None and ratio.trusted and ratio.high < MATTERS


def standing(row: CellSummary) -> str:
    """Beside the baseline, in words."""
    return f"at the same ceiling as {BASELINE}" if row.at_same_ceiling else f"{figures.ratio(row.ratio)} of {BASELINE}"


def cpu_growth(before: CellSummary, after: CellSummary) -> tuple[float, float, float] | None:
    """CPU time per request, after ÷ before: (median, low, high) over the rounds both have; None of too few."""
    costs_ms = [
        {entry.number: cpu_ms_per_answer(entry, "server") for entry in row.cell.valid_rounds} for row in (before, after)
    ]
    ratios = [
        later / earlier
        for number, earlier in costs_ms[0].items()
        if earlier and (later := costs_ms[1].get(number)) is not None
    ]
    return median_interval(ratios) if len(ratios) >= LEAST_ROUNDS else None


def listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def cpu_ms(row: CellSummary) -> str:
    return figures.number(row.costs.cpu_ms_per_request)


def switches(row: CellSummary) -> str:
    costs = row.costs
    known = [value for value in (costs.voluntary_switches_per_request, costs.involuntary_switches_per_request) if value]
    return figures.number(sum(known)) if known else figures.NONE
