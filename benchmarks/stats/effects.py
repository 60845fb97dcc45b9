"""What a setting or a middleware does to one and the same contender: it is its own baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from benchmarks.axes import Axis, describe_level, describe_point
from benchmarks.plan import Contender, Middleware
from benchmarks.record import RunRecord
from benchmarks.stats.histogram import Histogram
from benchmarks.stats.intervals import LEAST_ROUNDS, Ratio, median_interval, paired_ratio
from benchmarks.stats.summary import CellSummary, cpu_ms_per_answer, ratio_between, summarise


@dataclass(frozen=True)
class Effect:
    """One contender in two circumstances."""

    contender: str
    load: str
    before: str
    after: str
    ratio: Ratio | None  # of requests/s (in an open loop of speed), after ÷ before
    p99_ms: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)  # group -> before, after
    tails: dict[str, Ratio] = field(default_factory=dict)  # group -> how many times as long its p99 is, over rounds
    cpu_ms: tuple[float | None, float | None] = (None, None)  # per request


@dataclass(frozen=True)
class Slope:
    """CPU time of the server that each unit of a setting costs a request, with its 95 % interval, in microseconds."""

    contender: str
    load: str
    unit: str
    cpu_us: float
    low_us: float
    high_us: float
    rounds: int

    @property
    def trusted(self) -> bool:
        return self.rounds >= LEAST_ROUNDS


def setting_effects(run: RunRecord, scenario: str) -> list[Effect]:
    """Over a sweep of a setting that changes the work: every point against the lowest, contender by contender."""
    return [
        _effect(rows[0], row, describe_point(row.cell.sweep_axis, rows[0].cell.sweep_value), _point(row))
        for rows in _swept(run, scenario)
        for row in rows[1:]
    ]


def middleware_effects(run: RunRecord, scenario: str) -> list[Effect]:
    """A contender that ran with several sets of middlewares: each set against the smaller one before it."""
    families: dict[tuple[str, str], dict[str, CellSummary]] = {}
    for row in summarise(run, scenario):
        if row.requests_per_s is not None:
            contender = Contender.parse(row.cell.contender)
            family = families.setdefault((f"{contender.variant}@{contender.server}", row.cell.level), {})
            family[row.cell.middleware] = row
    found = []
    for (name, _), family in families.items():
        known = [str(one) for one in (Middleware.NONE, Middleware.DEFAULT, Middleware.SYNC_ONLY) if one in family]
        found += [
            _effect(family[before], family[after], f"{name}+{before}", f"+{after}") for before, after in pairwise(known)
        ]
    return found


def slopes(run: RunRecord, scenario: str) -> list[Slope]:
    """Where the card asks what each unit of a setting costs: least squares over the points, round by round."""
    unit = next(card.cost_per for card in run.scenarios if card.name == scenario)
    found = []
    for rows in _swept(run, scenario):
        values = list(_round_slopes(rows))
        if rows[0].cell.sweep_axis == unit and values:
            middle, low, high = (1000 * value for value in median_interval(values))
            found.append(Slope(rows[0].cell.contender, _load(rows[0]), unit, middle, low, high, len(values)))
    return found


def _swept(run: RunRecord, scenario: str) -> list[list[CellSummary]]:
    """Each contender's valid cells over a setting's sweep, in the axis's order, level by level."""
    groups: dict[tuple[str, str, str], list[CellSummary]] = {}
    for row in summarise(run, scenario):
        axis = row.cell.sweep_axis
        if axis and axis not in tuple(Axis) and row.requests_per_s is not None:
            groups.setdefault((row.cell.contender, axis, _load(row)), []).append(row)
    ordered = (sorted(rows, key=lambda row: row.cell.sweep_value) for rows in groups.values())
    return [rows for rows in ordered if len(rows) > 1]


def _effect(before: CellSummary, after: CellSummary, first: str, second: str) -> Effect:
    names = [name for name in before.groups if name in after.groups]
    return Effect(
        contender=after.cell.contender,
        load=_load(after),
        before=first,
        after=second,
        ratio=ratio_between(after.cell, before.cell),
        p99_ms={name: (before.groups[name].p99_ms, after.groups[name].p99_ms) for name in names},
        tails={name: tail for name in names if (tail := _tail(before, after, name))},
        cpu_ms=(before.costs.cpu_ms_per_request, after.costs.cpu_ms_per_request),
    )


def _tail(before: CellSummary, after: CellSummary, group: str) -> Ratio | None:
    """A group's p99 round by round, after ÷ before, paired as rates are."""
    tails_ms = [
        {
            entry.number: Histogram.of_counts(entry.load.groups.get(group, {})).percentile_ms(99)
            for entry in row.cell.valid_rounds
            if entry.load
        }
        for row in (before, after)
    ]
    earlier, later = ({number: [tail_ms] for number, tail_ms in own.items() if tail_ms} for own in tails_ms)
    return paired_ratio(later, earlier)


def _point(row: CellSummary) -> str:
    return describe_point(row.cell.sweep_axis, row.cell.sweep_value)


def _load(row: CellSummary) -> str:
    return describe_level(row.cell.concurrency, row.cell.rate_per_s)


def _round_slopes(rows: list[CellSummary]) -> Iterator[float]:
    """Milliseconds of CPU per unit, for every round that is valid at all points."""
    costs_ms: dict[int, dict[float, float]] = {}
    for row in rows:
        for entry in row.cell.valid_rounds:
            cost_ms = cpu_ms_per_answer(entry, "server")
            if cost_ms is not None:
                costs_ms.setdefault(entry.number, {})[row.cell.sweep_value] = cost_ms
    for _, points in sorted(costs_ms.items()):
        if len(points) == len(rows):
            yield _least_squares(points)


def _least_squares(points: dict[float, float]) -> float:
    x_mean, y_mean = fmean(points), fmean(points.values())
    spread = sum((x - x_mean) ** 2 for x in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points.items()) / spread
