"""What the highest load took, as small bars beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from apps.reporting.chart import AxisOf, Chart, Kind, Scale, Series, Spot, at_highest, level_of, listed
from apps.reporting.style import style_of
from benchmarks.reports import figures
from benchmarks.stats.summary import CellSummary


@dataclass(frozen=True)
class Measure:
    """A cost that is drawn as bars."""

    id: str
    title: str
    unit: str
    values: dict[str, float] = field(default_factory=dict)
    counted: bool = False  # a whole number

    def told(self, value: float) -> str:
        """As in all tables, but what is small is not nothing."""
        if self.counted:
            return f"{value:,.0f}"
        return f"{value:.2g}" if 0 < value < 0.1 else figures.number(value)


def cost_charts(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """What the highest load took: small bars beside each other."""
    top = at_highest(rows)
    for measure in _measures(top):
        if not measure.values:
            continue
        names = tuple(measure.values)
        yield Chart(
            f"cost-{measure.id}",
            Kind.BARS,
            measure.title,
            f"At {level_of(top)}; shorter is cheaper.",
            AxisOf("contender", scale=Scale.CATEGORY, names=names),
            AxisOf(measure.title, measure.unit),
            tuple(
                Series(name, style_of(name), (Spot(place, measure.values[name]),)) for place, name in enumerate(names)
            ),
            listed(
                ("contender", f"{measure.title}, {measure.unit}" if measure.unit else measure.title),
                ((name, measure.told(value)) for name, value in measure.values.items()),
            ),
            small=True,
        )


def _measures(rows: Sequence[CellSummary]) -> Iterator[Measure]:
    def of(values: Iterable[float | None]) -> dict[str, float]:
        named = zip((row.cell.contender for row in rows), values, strict=True)
        return {name: value for name, value in named if value is not None}

    yield Measure("cpu", "CPU per request", "ms", of(row.costs.cpu_ms_per_request for row in rows))
    memory = (row.costs.steady_rss_bytes for row in rows)
    yield Measure("memory", "Memory of the server", "MB", of(value and value / 1e6 for value in memory))
    yield Measure("threads", "Threads at once", "", of(row.costs.peak_threads for row in rows), counted=True)
    switches = (row.costs.voluntary_switches_per_request for row in rows)
    yield Measure("switches", "Voluntary context switches per request", "", of(switches))
