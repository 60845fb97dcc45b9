"""Charts as pure view-models: what is drawn, in raw numbers, and the same as a table. How it is drawn is charts.js's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apps.reporting.style import Style, style_of
from benchmarks.axes import HOSTING_AXES, Axis, describe_level, describe_point
from benchmarks.record import RunRecord, State
from benchmarks.reports import figures
from benchmarks.reports.tables import Grid, Row
from benchmarks.stats.summary import CellSummary, summarise

PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99)
TOLD_PERCENTS = (50, 75, 90, 99, 99.9)  # in the table below the curves


class Kind(StrEnum):
    """How a chart is drawn."""

    LINES = "lines"
    BARS = "bars"
    HEAT = "heat"


class Scale(StrEnum):
    """How an axis is divided."""

    LINEAR = "linear"
    LOG = "log"
    PERCENTILE = "percentile"  # by the logarithm of what is left above: 50, 90, 99, 99.9
    CATEGORY = "category"


@dataclass(frozen=True)
class AxisOf:
    """An axis: what stands at it, in which unit, and the names along it where it has names."""

    title: str
    unit: str = ""
    scale: Scale = Scale.LINEAR
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spot:
    """One figure: x is a number or, on an axis of names, a place; low and high are the least and largest round.

    In a heat map y is a place too, and ``value`` is the ratio; ``text`` is what is said where there is no number.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    value: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Series:
    """What belongs to one contender; ``rounds`` are the single rounds' values, for bars."""

    contender: str
    style: Style
    spots: tuple[Spot, ...]
    rounds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Chart:
    """One picture and its table. ``id`` is unique within a scenario; small ones stand beside each other."""

    id: str
    kind: Kind
    title: str
    note: str
    x: AxisOf
    y: AxisOf
    series: tuple[Series, ...]
    table: Grid
    small: bool = False


@dataclass(frozen=True)
class Measure:
    """A cost that is drawn as bars."""

    id: str
    title: str
    unit: str
    values: dict[str, float] = field(default_factory=dict)


def charts(run: RunRecord, scenario: str) -> tuple[Chart, ...]:
    """Everything that can be drawn of a scenario; only cells whose figures may be shown."""
    rows = [row for row in summarise(run, scenario) if row.requests_per_s is not None]
    still = sorted((row for row in rows if not row.cell.sweep_axis), key=_load)
    return tuple(
        [
            *_throughput(still),
            *_percentiles(still),
            *_swept(rows),
            *_heat(rows),
            *_overload(rows),
            *_costs(still),
        ]
    )


def _load(row: CellSummary) -> float:
    return row.cell.rate_per_s or row.cell.concurrency


def _top(rows: Sequence[CellSummary]) -> list[CellSummary]:
    """Those at the highest load level."""
    highest = max(map(_load, rows), default=0.0)
    return [row for row in rows if _load(row) == highest]


def _level(rows: Sequence[CellSummary]) -> str:
    cell = rows[0].cell
    return describe_level(cell.concurrency, cell.rate_per_s)


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
    levels = sorted({_load(row) for row in rows})
    if not rows:
        return
    if rows[0].cell.rate_per_s is not None:
        yield _tails(rows)
        return
    answers = AxisOf("requests answered", "requests/s")
    if len(levels) == 1:
        level = _level(rows)
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
            _listed(("contender", "requests/s", "lowest round", "highest round"), map(_spread, rows)),
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
        _listed(
            ("contender", "load", "requests/s", "lowest round", "highest round"),
            ((texts[0], row.cell.level, *texts[1:]) for row in rows if (texts := _spread(row))),
            keys=2,
        ),
    )


def _spread(row: CellSummary) -> tuple[str, ...]:
    rates = _rounds(row)
    return (row.cell.contender, *(figures.rate(value) for value in (row.requests_per_s, min(rates), max(rates))))


def _tails(rows: Sequence[CellSummary]) -> Chart:
    spots = {id(row): Spot(_load(row), row.p99_ms) for row in rows if row.p99_ms is not None}
    return Chart(
        "tail",
        Kind.LINES,
        "99th percentile against the rate of arrivals",
        "From the moment a request should have been sent: what users feel.",
        AxisOf("arrivals", "requests/s", Scale.LOG),
        AxisOf("p99", "ms", Scale.LOG),
        _series(rows, spots),
        _listed(
            ("contender", "load", "p99 ms"),
            ((row.cell.contender, row.cell.level, figures.milliseconds(row.p99_ms)) for row in rows),
            keys=2,
        ),
    )


def _percentiles(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    top = _top(rows)
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
        f"Latency at {_level(top)}",
        "Every percentile that enough answers stand for. Each step to the right is a tenth of the requests that are left.",
        AxisOf("requests that were at most so slow", "%", Scale.PERCENTILE),
        AxisOf("latency", "ms", Scale.LOG),
        tuple(series),
        _listed(("contender", *(f"p{percent:g} ms" for percent in TOLD_PERCENTS)), told),
    )


def _swept(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """Requests/s over each axis, at the highest load that all of it was measured at."""
    for axis in sorted({row.cell.sweep_axis for row in rows} - {""}):
        top = _top([row for row in rows if row.cell.sweep_axis == axis])
        values = sorted({row.cell.sweep_value for row in top})
        if len(values) < 2:
            continue
        by_name = axis in HOSTING_AXES or values[0] <= 0
        place = {value: float(number) if by_name else value for number, value in enumerate(values)}
        names = tuple(describe_point(axis, value) for value in values) if by_name else ()
        spots = {id(row): _answered(row, place[row.cell.sweep_value]) for row in top}
        waits = axis == Axis.WAIT or axis.endswith("_ms")
        yield Chart(
            f"sweep-{axis.replace('_', '-')}",
            Kind.LINES,
            f"Throughput over {axis.removesuffix('_ms').replace('_', ' ')}, {_level(top)}",
            "The line is the median of the rounds, the band reaches from the lowest to the highest.",
            AxisOf(
                axis.removesuffix("_ms"), "ms" if waits else "", Scale.CATEGORY if by_name else Scale.LOG, names=names
            ),
            AxisOf("requests answered", "requests/s", Scale.LOG),
            _series(top, spots),
            _listed(
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


def _heat(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """Wait × concurrency: each contender's ratio to the baseline; where it crosses 1 is the crossover."""
    rows = [row for row in rows if row.cell.sweep_axis == Axis.WAIT]
    waits = sorted({row.cell.sweep_value for row in rows})
    levels = sorted({_load(row) for row in rows})
    if len(waits) < 2:
        return
    baseline = next((row.cell.contender for row in rows if row.is_baseline), "")
    names = {_load(row): _level([row]) for row in rows}
    for contender in dict.fromkeys(row.cell.contender for row in rows if not row.is_baseline):
        own = {(row.cell.sweep_value, _load(row)): row for row in rows if row.cell.contender == contender and row.ratio}
        spots = tuple(_heat_spot(row, waits.index(wait), levels.index(load)) for (wait, load), row in own.items())
        table = tuple(
            (names[load], *(_heat_text(own.get((wait, load))) for wait in waits)) for load in reversed(levels)
        )
        yield Chart(
            f"heat-{contender}",
            Kind.HEAT,
            f"{contender} ÷ {baseline}",
            "Above 1 it answers more than the threads do. In brackets: the interval carries no difference.",
            AxisOf("wait", "ms", Scale.CATEGORY, tuple(describe_point(Axis.WAIT, value) for value in waits)),
            AxisOf("load", "", Scale.CATEGORY, tuple(names[load] for load in levels)),
            (Series(contender, style_of(contender), spots),),
            _listed(("load", *(describe_point(Axis.WAIT, value) for value in waits)), table),
        )


def _heat_spot(row: CellSummary, x: int, y: int) -> Spot:
    assert row.ratio is not None
    return Spot(x, y, row.ratio.low, row.ratio.high, row.ratio.value, _heat_text(row))


def _heat_text(row: CellSummary | None) -> str:
    if row is None or row.ratio is None:
        return figures.NONE
    if row.at_same_ceiling:
        return "ceiling"
    text = f"{figures.times(row.ratio.value)} ×"
    return text if row.ratio.different else f"({text})"


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
        _listed(
            ("contender", "load", "offered/s", "answered in time/s"),
            (
                (name, f"{step.factor:g} ×", figures.rate(step.offered_per_s), figures.rate(step.goodput_per_s))
                for name, record in told
                for step in record.steps
            ),
            keys=2,
        ),
    )


def _costs(rows: Sequence[CellSummary]) -> Iterator[Chart]:
    """What the highest load took: small bars beside each other."""
    top = _top(rows)
    for measure in _measures(top):
        if not measure.values:
            continue
        names = tuple(measure.values)
        yield Chart(
            f"cost-{measure.id}",
            Kind.BARS,
            measure.title,
            f"At {_level(top)}; shorter is cheaper.",
            AxisOf("contender", scale=Scale.CATEGORY, names=names),
            AxisOf(measure.title, measure.unit),
            tuple(
                Series(name, style_of(name), (Spot(place, measure.values[name]),)) for place, name in enumerate(names)
            ),
            _listed(
                ("contender", f"{measure.title}, {measure.unit}" if measure.unit else measure.title),
                ((name, figures.number(value)) for name, value in measure.values.items()),
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
    yield Measure("threads", "Threads at once", "", of(row.costs.peak_threads for row in rows))
    switches = (row.costs.voluntary_switches_per_request for row in rows)
    yield Measure("switches", "Voluntary context switches per request", "", of(switches))


def _listed(headings: Sequence[str], rows: Iterable[Sequence[str]], keys: int = 1) -> Grid:
    return Grid(tuple(headings), tuple(Row(tuple(texts), State.OK) for texts in rows), keys)
