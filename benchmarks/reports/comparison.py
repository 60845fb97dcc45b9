"""Two runs beside each other as tables of texts."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.record import Flag, State
from benchmarks.reports import figures
from benchmarks.reports.tables import Grid, Row
from benchmarks.stats.comparison import Change, Comparison

HEADINGS = (
    "scenario",
    "contender",
    "load",
    "{earlier}: requests/s",
    "{later}: requests/s",
    "p50 ms",
    "p99 ms",
    "later ÷ earlier",
    "",
)
ENVIRONMENT = ("what was different", "{earlier}", "{later}")


@dataclass(frozen=True)
class ComparisonTable:
    """What changed, around which differences, and how many cells have no counterpart."""

    changes: Grid
    environment: Grid
    sentences: tuple[str, ...]


def tabulate_comparison(found: Comparison, earlier: str, later: str) -> ComparisonTable:
    """``earlier`` and ``later`` name the two runs in headings."""
    names = {"earlier": earlier, "later": later}
    changed = sum(1 for change in found.changes if change.ratio and change.ratio.different)
    sentences = [
        f"Cells in both runs: {len(found.changes)}; changed: {changed}. Intervals: 95 %, rounds not paired; "
        "above 1 the later run is better."
    ]
    if any(change.later.rate_per_s for change in found.changes):
        sentences.append(
            "In an open loop, whose rate is given, the ratio is how many times better the median latency is."
        )
    for count, name in ((found.only_earlier, earlier), (found.only_later, later)):
        if count:
            sentences.append(f"{count} more with a figure only in {name}.")
    if not found.differences:
        sentences.append("No difference of environment was recorded.")
    return ComparisonTable(
        changes=Grid(
            tuple(heading.format(**names) for heading in HEADINGS),
            tuple(Row(_texts(change), change.later.state) for change in found.changes),
            keys=3,
        ),
        environment=Grid(
            tuple(heading.format(**names) for heading in ENVIRONMENT),
            tuple(Row((one.name, one.earlier, one.later), State.OK) for one in found.differences),
        ),
        sentences=tuple(sentences),
    )


def _texts(change: Change) -> tuple[str, ...]:
    before, after = change.earlier, change.later
    percentiles = ((before.p50_ms, after.p50_ms), (before.p99_ms, after.p99_ms))
    return (
        *(change.scenario, change.contender, change.level),
        *(figures.rate(cell.requests_per_s) for cell in (before, after)),
        *(" → ".join(map(figures.milliseconds, pair)) for pair in percentiles),
        *(figures.ratio(change.ratio), _word(change)),
    )


def _word(change: Change) -> str:
    """What is seen, and what has to be known of either side."""
    flags = [flag for flag in Flag if flag in change.earlier.flags or flag in change.later.flags]
    return "; ".join((_seen(change), *map(str, flags)))


def _seen(change: Change) -> str:
    if change.at_same_ceiling:
        return "cannot rank"
    if change.ratio is None or not change.ratio.trusted:
        return "too few rounds"
    return "better" if change.ratio.above else "worse" if change.ratio.below else "no difference seen"
