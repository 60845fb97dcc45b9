"""Wait × concurrency as a map of each contender's ratio to the baseline: where it crosses 1 is the crossover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.reporting.chart import AxisOf, Chart, Kind, Scale, Series, Spot, level_of, listed, load_of
from apps.reporting.style import style_of
from benchmarks.axes import Axis, describe_point, plain
from benchmarks.reports import figures
from benchmarks.reports.tables import ratio_mark
from benchmarks.stats.intervals import Ratio
from benchmarks.stats.summary import CellSummary


def heat_charts(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """Wait × concurrency: each contender's ratio to the baseline; where it crosses 1 is the crossover."""
    rows = [row for row in rows if row.cell.sweep_axis == Axis.WAIT]
    waits = sorted({row.cell.sweep_value for row in rows})
    levels = sorted({load_of(row) for row in rows})
    if len(waits) < 2:
        return
    baseline = next((row.cell.contender for row in rows if row.is_baseline), "")
    names = {load_of(row): level_of([row]) for row in rows}
    for contender in dict.fromkeys(row.cell.contender for row in rows if not row.is_baseline):
        own = {
            (row.cell.sweep_value, load_of(row)): row for row in rows if row.cell.contender == contender and row.ratio
        }
        spots = tuple(
            _spot(row, row.ratio, waits.index(wait), levels.index(load))
            for (wait, load), row in own.items()
            if row.ratio
        )
        table = tuple((names[load], *(_told(own.get((wait, load))) for wait in waits)) for load in reversed(levels))
        yield Chart(
            f"heat-{contender}",
            Kind.HEAT,
            f"{contender} ÷ {baseline}",
            "Above 1 it answers more than the threads do. In brackets: the interval carries no difference; "
            "with a question mark: too few rounds to say.",
            AxisOf("wait", "ms", Scale.CATEGORY, tuple(map(plain, waits))),
            AxisOf("load", "", Scale.CATEGORY, tuple(names[load] for load in levels)),
            (Series(contender, style_of(contender), spots),),
            listed(("load", *(describe_point(Axis.WAIT, value) for value in waits)), table),
        )


def _spot(row: CellSummary, ratio: Ratio, x: int, y: int) -> Spot:
    return Spot(x, y, ratio.low, ratio.high, ratio.value, ratio_mark(row))


def _told(row: CellSummary | None) -> str:
    return ratio_mark(row) if row else figures.NONE
