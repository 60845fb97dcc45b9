"""One sentence per scenario that says what was seen, and no more than that."""

from __future__ import annotations

from benchmarks.record import RunRecord
from benchmarks.reports.figures import rate, times
from benchmarks.stats.ratios import Ratio
from benchmarks.stats.summary import CellSummary, summarise


def sentence(run: RunRecord, scenario: str) -> str:
    """What was seen at the highest load level; differences the interval does not carry are called none."""
    rows = summarise(run, scenario)
    level = max((row.cell.concurrency for row in rows if row.requests_per_s), default=None)
    if level is None:
        return "No cell has a figure that can be believed, so nothing can be said."
    rows = [row for row in rows if row.cell.concurrency == level and row.requests_per_s is not None]
    best = max(rows, key=lambda row: row.requests_per_s or 0.0)
    baseline = next((row for row in rows if row.is_baseline), None)
    highest = f"{best.cell.contender}, {rate(best.requests_per_s)} requests/s"
    seen = f"At {level} connections the highest median is that of {highest}"
    if baseline is None:
        return f"{seen}; the baseline has no valid figure, so there is no ratio."
    others = [row for row in rows if not row.is_baseline]
    ratios = [row.ratio for row in others if row.ratio and row.ratio.trusted]
    parts = [
        _listed("more from", [row for row in others if row.ratio and row.ratio.different and row.ratio.low > 1]),
        _listed("less from", [row for row in others if row.ratio and row.ratio.different and row.ratio.high < 1]),
        _named("no difference seen for", [row for row in others if row.ratio and _equal(row.ratio)]),
        _named("too few rounds in common to say anything of", [row for row in others if not _trusted(row)]),
    ]
    compared = "; ".join(part for part in parts if part)
    if not compared:
        return f"{seen}; nothing else was measured."
    trust = f" {_trust(min(ratio.coverage for ratio in ratios))}" if ratios else ""
    return f"{seen}. Against {baseline.cell.contender} ({rate(baseline.requests_per_s)}): {compared}.{trust}"


def _trusted(row: CellSummary) -> bool:
    return row.ratio is not None and row.ratio.trusted


def _equal(ratio: Ratio) -> bool:
    return ratio.trusted and not ratio.different


def _named(words: str, rows: list[CellSummary]) -> str:
    return f"{words} {', '.join(row.cell.contender for row in rows)}" if rows else ""


def _listed(words: str, rows: list[CellSummary]) -> str:
    rows = sorted(rows, key=lambda row: row.ratio.value if row.ratio else 0.0, reverse=True)
    named = [f"{row.cell.contender} ({times(row.ratio.value)} ×)" for row in rows if row.ratio]
    return f"{words} {', '.join(named)}" if named else ""


def _trust(coverage: float) -> str:
    return f"Intervals hold the median of the rounds' ratios with {coverage:.0%} probability."
