"""What a chart is: raw numbers to draw, and the same as a table. How it is drawn is the business of charts.js."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from apps.reporting.style import Style
from benchmarks.axes import describe_level
from benchmarks.record import State
from benchmarks.reports.tables import Grid, Row
from benchmarks.stats.summary import CellSummary


class Kind(StrEnum):
    """How a chart is drawn."""

    LINES = "lines"
    BARS = "bars"
    HEAT = "heat"
    INTERVALS = "intervals"  # a row for each name of y; on x the value, and the interval from low to high


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


def load_of(row: CellSummary) -> float:
    return row.cell.rate_per_s or row.cell.concurrency


def at_highest(rows: Sequence[CellSummary]) -> list[CellSummary]:
    """Those at the highest load level."""
    highest = max(map(load_of, rows), default=0.0)
    return [row for row in rows if load_of(row) == highest]


def level_of(rows: Sequence[CellSummary]) -> str:
    cell = rows[0].cell
    return describe_level(cell.concurrency, cell.rate_per_s)


def listed(headings: Sequence[str], rows: Iterable[Sequence[str]], keys: int = 1) -> Grid:
    return Grid(tuple(headings), tuple(Row(tuple(texts), State.OK) for texts in rows), keys)
