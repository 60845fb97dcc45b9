"""Everything that can be drawn of a scenario of a run, as pure view-models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from apps.reporting.chart import AxisOf, Chart, Kind, Scale, Series, Spot, at_highest, level_of, listed, load_of
from apps.reporting.costs import cost_charts
from apps.reporting.heat import heat_charts
from apps.reporting.style import style_of
from benchmarks.axes import HOSTING_AXES, Axis, describe_point, plain
from benchmarks.record import RunRecord
from benchmarks.reports import figures
from benchmarks.stats.summary import CellSummary, summarise

PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99)
TOLD_PERCENTS = (50, 75, 90, 99, 99.9)  # in the table below the curves


def charts(run: RunRecord, scenario: str) -> tuple[Chart, ...]:
    """Everything that can be drawn of a scenario; only cells whose figures may be shown."""
    rows = [row for row in summarise(run, scenario) if row.requests_per_s is not None]
    still = sorted((row for row in rows if not row.cell.sweep_axis), key=load_of)
    return (
        *_throughput(still),
        *_percentiles(still),
        *_swept(rows),
        *heat_charts(rows),
        *_overload(rows),
        *cost_charts(still),
    )


def _series(rows: Iterable[CellSummary], spot: dict[int, Spot]) -> tuple[Series, ...]:
    """One for each contender, of those rows that have a spot."""
    found: dict[str, list[Spot]] = {}
    for row in rows:
        if id(row) in spot:
            found.setdefault(row.cell.contender, []).append(spot[id(row)])
    return tuple(
        Series(name, style_of(name), tuple(sorted(spots, key=lambda one: one.x))) for name, spots in found.items()
    )


def _rounds(row: CellSummary) -> tuple[float, ...]:
    return tuple(entry.requests_per_s for entry in row.cell.valid_rounds)


def _answered(row: CellSummary, x: float) -> Spot:
    rates = _rounds(row)
    return Spot(x, row.requests_per_s or 0.0, min(rates, default=None), max(rates, default=None))


def _throughput(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """Against concurrency where there are several levels, else as bars with every round; in an open loop the tail."""
    levels = sorted({load_of(row) for row in rows})
    if not rows:
        return
    if rows[0].cell.rate_per_s is not None:
        yield _tails(rows)
        return
    answers = AxisOf("answered", "requests/s")
    if len(levels) == 1:
        level = level_of(rows)
        yield Chart(
            "throughput",
            Kind.BARS,
            f"Throughput at {level}",
            "The bar is the median, each dot a round.",
            AxisOf("contender", scale=Scale.CATEGORY, names=tuple(row.cell.contender for row in rows)),
            answers,
            tuple(
                Series(row.cell.contender, style_of(row.cell.contender), (_answered(row, place),), _rounds(row))
                for place, row in enumerate(rows)
            ),
            listed(("contender", "requests/s", "lowest round", "highest round"), map(_spread, rows)),
        )
        return
    spots = {id(row): _answered(row, row.cell.concurrency) for row in rows}
    yield Chart(
        "throughput",
        Kind.LINES,
        "Throughput against concurrency",
        "The line is the median of the rounds, the band reaches from the lowest to the highest.",
        AxisOf("connections", "", Scale.LOG),
        answers,
        _series(rows, spots),
        listed(
            ("contender", "load", "requests/s", "lowest round", "highest round"),
            ((texts[0], row.cell.level, *texts[1:]) for row in rows if (texts := _spread(row))),
            keys=2,
        ),
    )


def _spread(row: CellSummary) -> tuple[str, ...]:
    rates = _rounds(row)
    return (row.cell.contender, *(figures.rate(value) for value in (row.requests_per_s, min(rates), max(rates))))


def _tails(rows: Sequence[CellSummary]) -> Chart:
    spots = {id(row): Spot(load_of(row), row.p99_ms) for row in rows if row.p99_ms is not None}
    return Chart(
        "tail",
        Kind.LINES,
        "99th percentile against the rate of arrivals",
        "From the moment a request should have been sent: what users feel.",
        AxisOf("arrivals", "requests/s", Scale.LOG),
        AxisOf("p99", "ms", Scale.LOG),
        _series(rows, spots),
        listed(
            ("contender", "load", "p99 ms"),
            ((row.cell.contender, row.cell.level, figures.milliseconds(row.p99_ms)) for row in rows),
            keys=2,
        ),
    )


def _percentiles(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    top = at_highest(rows)
    if not top:
        return
    histograms = [row.cell.histogram() for row in top]
    series, told = [], []
    for row, histogram in zip(top, histograms, strict=True):
        known = [percent for percent in PERCENTS if histogram.total >= 100 / (100 - percent) - 1e-9]
        values = dict(zip(known, histogram.percentiles_ms(known), strict=True))
        spots = tuple(Spot(percent, value) for percent, value in values.items() if value is not None)
        series.append(Series(row.cell.contender, style_of(row.cell.contender), spots))
        told.append((row.cell.contender, *(figures.milliseconds(values.get(percent)) for percent in TOLD_PERCENTS)))
    yield Chart(
        "latency",
        Kind.LINES,
        f"Latency at {level_of(top)}",
        "Every percentile that enough answers stand for; each step to the right is a tenth of the requests left.",
        AxisOf("requests that were at most so slow", "%", Scale.PERCENTILE),
        AxisOf("latency", "ms", Scale.LOG),
        tuple(series),
        listed(("contender", *(f"p{percent:g} ms" for percent in TOLD_PERCENTS)), told),
    )


def _swept(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """Requests/s over each axis, at the highest load that all of it was measured at."""
    for axis in sorted({row.cell.sweep_axis for row in rows} - {""}):
        top = at_highest([row for row in rows if row.cell.sweep_axis == axis])
        values = sorted({row.cell.sweep_value for row in top})
        if len(values) < 2:
            continue
        by_name = axis in HOSTING_AXES or values[0] <= 0
        place = {value: float(number) if by_name else value for number, value in enumerate(values)}
        names = tuple(map(plain, values)) if by_name else ()
        spots = {id(row): _answered(row, place[row.cell.sweep_value]) for row in top}
        waits = axis == Axis.WAIT or axis.endswith("_ms")
        yield Chart(
            f"sweep-{axis.replace('_', '-')}",
            Kind.LINES,
            f"Throughput over {axis.removesuffix('_ms').replace('_', ' ')}, {level_of(top)}",
            "The line is the median of the rounds, the band reaches from the lowest to the highest.",
            AxisOf(
                axis.removesuffix("_ms"), "ms" if waits else "", Scale.CATEGORY if by_name else Scale.LOG, names=names
            ),
            AxisOf("answered", "requests/s", Scale.LOG),
            _series(top, spots),
            listed(
                ("contender", *(describe_point(axis, value) for value in values)),
                (
                    (name, *(_rate_at(top, name, value) for value in values))
                    for name in dict.fromkeys(row.cell.contender for row in top)
                ),
            ),
        )


def _rate_at(rows: Sequence[CellSummary], contender: str, value: float) -> str:
    found = (row for row in rows if row.cell.contender == contender and row.cell.sweep_value == value)
    return figures.rate(next((row.requests_per_s for row in found), None))


def _overload(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    told = [(row.cell.contender, row.cell.overload) for row in rows if row.cell.overload]
    if not told:
        return
    yield Chart(
        "overload",
        Kind.LINES,
        "Beyond capacity",
        "What is still answered in time when more is asked than the rounds could take.",
        AxisOf("offered", "requests/s"),
        AxisOf("answered in time", "requests/s"),
        tuple(
            Series(
                name,
                style_of(name),
                tuple(Spot(step.offered_per_s, step.goodput_per_s) for step in record.steps if not step.void),
            )
            for name, record in told
        ),
        listed(
            ("contender", "load", "offered/s", "answered in time/s"),
            (
                (name, f"{step.factor:g} ×", figures.rate(step.offered_per_s), figures.rate(step.goodput_per_s))
                for name, record in told
                for step in record.steps
            ),
            keys=2,
        ),
    )
