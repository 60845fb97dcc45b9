"""How figures are written: units, sensible digits, and a dash where there is none."""

from __future__ import annotations

from benchmarks.stats.intervals import Ratio

NONE = "–"


def rate(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def number(value: float | None) -> str:
    """Three digits or so."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


milliseconds = number


def megabytes(value: int | None) -> str:
    return NONE if value is None else f"{value / 1e6:,.0f}"


def whole(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


def times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def interval(value: Ratio) -> str:
    """``0.94–1.06``; empty where there were too few rounds for one."""
    return f"{times(value.low)}–{times(value.high)}" if value.trusted else ""


def exactly(value: float | Ratio | None) -> str:
    """Not rounded at all: what a tooltip says beside a figure of sensible digits."""
    if not isinstance(value, Ratio):
        return NONE if value is None else f"{value:,}"
    return f"{value.value} ×" + (f" ({value.low}–{value.high})" if value.trusted else "")


def ratio(value: Ratio | None) -> str:
    """The ratio with its interval, if there were rounds enough for one."""
    if value is None:
        return NONE
    bounds = interval(value)
    return f"{times(value.value)} ×" + (f" ({bounds})" if bounds else "")
