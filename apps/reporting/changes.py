"""What changed from one run to another, as pages show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

from apps.reporting.chart import AxisOf, Chart, Kind, Scale, Series, Spot, listed
from apps.reporting.facts import lines_of
from apps.reporting.report import Says
from apps.reporting.style import style_of
from benchmarks.reports import figures
from benchmarks.reports.comparison import tabulate_comparison
from benchmarks.reports.tables import Grid
from benchmarks.stats.comparison import CONDITIONS, Change, RunGist, compare_gists

MOST_DRAWN = 40  # rows that can still be read
ASKED = {*CONDITIONS, "seed"}  # what the command decides, unlike what was found on the machine
ALSO_ASKED = ("contenders", "levels", "rounds", "patience", "profile")  # which cells there are, not what they mean


@dataclass(frozen=True)
class Changed:
    """One cell in both runs: its row of the table, what that says, and the ratio, unrounded."""

    texts: tuple[str, ...]
    says: Says
    value: float | None


@dataclass(frozen=True)
class ChangeReport:
    """Two runs beside each other: changed cells first, the largest change at the top."""

    headings: tuple[str, ...]
    changed: tuple[Changed, ...]  # those that the interval carries
    others: tuple[Changed, ...]
    sentences: tuple[str, ...]
    environment: Grid
    options: Grid
    charts: tuple[Chart, ...]


def change_report(earlier: RunGist, later: RunGist, before: str, after: str) -> ChangeReport:
    """``before`` and ``after`` name the two runs."""
    found = compare_gists(earlier, later)
    table = tabulate_comparison(found, before, after)
    rows = [
        Changed(row.texts, _says(change), change.ratio.value if change.ratio else None)
        for change, row in zip(found.changes, table.changes.rows, strict=True)
    ]
    return ChangeReport(
        headings=table.changes.headings,
        changed=tuple(row for row in rows if row.says in (Says.BETTER, Says.WORSE)),
        others=tuple(row for row in rows if row.says not in (Says.BETTER, Says.WORSE)),
        sentences=table.sentences,
        environment=_environment(table.environment),
        options=_options(earlier, later, table.environment.headings),
        charts=tuple(filter(None, [_chart(found.changes, before, after)])),
    )


def _environment(differences: Grid) -> Grid:
    """What was found on the machine, without what was asked for."""
    rows = tuple(row for row in differences.rows if row.texts[0].partition(".")[0] not in ASKED)
    return Grid(differences.headings, rows, keys=len(differences.headings))


def _options(earlier: RunGist, later: RunGist, headings: Sequence[str]) -> Grid:
    """What was asked for, where both runs say it. Only the pages' own races say that they were watched."""
    earlier, later = (replace(run, options={"watched": False, **run.options}) for run in (earlier, later))
    both = [
        name for name in (*ALSO_ASKED, *CONDITIONS) if None not in (earlier.options.get(name), later.options.get(name))
    ]
    before, after = (
        dict(lines_of({"seed": run.seed, **{name: run.options[name] for name in both}})) for run in (earlier, later)
    )
    whole = {"seed", *both}  # what stands below a name, by scenario say, is compared where both have it
    rows = [
        (name, before.get(name, figures.NONE), after.get(name, figures.NONE))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name) and (name in whole or (name in before and name in after))
    ]
    return listed(headings, rows, keys=len(headings))


def _says(change: Change) -> Says:
    if change.at_same_ceiling:
        return Says.CEILING
    if change.ratio is None or not change.ratio.trusted:
        return Says.UNRANKED
    return Says.BETTER if change.ratio.above else Says.WORSE if change.ratio.below else Says.EVEN


def _chart(changes: Sequence[Change], before: str, after: str) -> Chart | None:
    """Every ratio with its interval, in the table's order."""
    drawn = [change for change in changes if change.ratio and 0 < change.ratio.value < inf][:MOST_DRAWN]
    if not drawn:
        return None
    names = _names(drawn)
    series: dict[str, list[Spot]] = {}
    for place, change in enumerate(drawn):
        if ratio := change.ratio:
            low, high = (ratio.low, ratio.high) if ratio.trusted and ratio.low > 0 else (None, None)
            series.setdefault(change.contender, []).append(Spot(ratio.value, place, low, high))
    left_out = len(changes) - len(drawn)
    note = (
        f"Right of 1 {after} is better; the bar is the 95 % interval, and where it comes within 1 % of 1 no difference "
        "is seen."
    )
    return Chart(
        "changes",
        Kind.INTERVALS,
        f"{after} ÷ {before}".capitalize(),
        note + (f" {left_out} more are in the table only." if left_out else ""),
        AxisOf("later ÷ earlier", "×", Scale.LOG),
        AxisOf("cell", scale=Scale.CATEGORY, names=names),
        tuple(Series(name, style_of(name), tuple(spots)) for name, spots in series.items()),
        listed(
            ("cell", "ratio", "interval"),
            (
                (name, f"{figures.times(change.ratio.value)} ×", figures.interval(change.ratio) or figures.NONE)
                for name, change in zip(names, drawn, strict=True)
                if change.ratio
            ),
        ),
    )


def _names(changes: Sequence[Change]) -> tuple[str, ...]:
    """As short as they can be told apart: the load only where a contender has several."""
    short = Counter((change.scenario, change.contender) for change in changes)
    return tuple(
        " ".join((change.scenario, change.contender))
        + (f", {change.level}" if short[change.scenario, change.contender] > 1 else "")
        for change in changes
    )
