"""A run as tables on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.record import CellRecord, RunRecord, State
from benchmarks.reports import figures
from benchmarks.reports.sentences import sentence
from benchmarks.stats.summary import CellSummary, summarise

STYLES = {State.FAILED: "red", State.VOID: "yellow", State.ABORTED: "yellow", State.EXCUSED: "dim"}
WIDEST = 150


def print_run(console: Console, run: RunRecord) -> None:
    """Every scenario's table, what its contenders cannot do, and the sentence."""
    for scenario in run.scenarios:
        if any(cell.scenario == scenario.name for cell in run.cells):
            console.print(render(run, scenario.name))


def render(run: RunRecord, scenario: str) -> RenderableType:
    """One scenario."""
    card = next(entry for entry in run.scenarios if entry.name == scenario)
    rows = summarise(run, scenario)
    heading = Text.assemble((f"\n{card.name}", "bold"), f"  {card.title}. ", (card.question, "italic"))
    levels = len({row.cell.concurrency for row in rows}) > 1
    lines: list[RenderableType] = [heading, _table(rows, levels)]
    lines += [Text(line, style="dim") for line in _footnotes([row.cell for row in rows])]
    lines += [_note(row.cell, levels) for row in rows if row.cell.reason]
    lines.append(Text(sentence(run, scenario)))
    return Group(*lines)


def _table(rows: list[CellSummary], levels: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("contender", no_wrap=True)
    if levels:
        table.add_column("connections", justify="right")
    for heading in ("requests/s", "p50 ms", "p90 ms", "p99 ms", "errors", "CPU ms/req", "RSS MB", "threads"):
        table.add_column(heading, justify="right", no_wrap=True)
    baseline = next((row.cell.contender for row in rows if row.is_baseline), "the baseline")
    table.add_column(f"ratio to {baseline}", justify="right")
    for row in rows:
        level = [str(row.cell.concurrency)] if levels else []
        table.add_row(row.cell.contender, *level, *_figures(row), style=STYLES.get(row.cell.state, ""))
    return table


def _figures(row: CellSummary) -> list[str]:
    if row.requests_per_s is None:
        return [row.cell.state, *[figures.NONE] * 3, figures.whole(row.errors), *[figures.NONE] * 4]
    return [
        figures.rate(row.requests_per_s),
        *(figures.milliseconds(value) for value in (row.p50_ms, row.p90_ms, row.p99_ms)),
        figures.whole(row.errors),
        figures.milliseconds(row.cpu_ms_per_request),
        figures.megabytes(row.peak_rss_bytes),
        figures.whole(row.peak_threads),
        "baseline" if row.is_baseline else figures.ratio(row.ratio),
    ]


def _note(cell: CellRecord, levels: bool) -> Text:
    """Why a cell has no figures, or what is to be known of those it has."""
    level = f" at {cell.concurrency} connections" if levels else ""
    state = f"{cell.state}: " if cell.state in STYLES else ""
    return Text(f"{cell.contender}{level}: {state}{cell.reason}", STYLES.get(cell.state, "yellow"))


def _footnotes(cells: list[CellRecord]) -> list[str]:
    """What each contender is, and what it cannot do: beside the figures, not in a manual."""
    notes = []
    for cell in {cell.contender: cell for cell in cells if cell.state is not State.EXCUSED}.values():
        size = f"{cell.workers} worker{'s' * (cell.workers != 1)}"
        size += f" × {cell.threads} threads" if cell.threads > 1 else ""
        cannot = f"; cannot: {', '.join(cell.cannot)}" if cell.cannot else ""
        notes.append(f"{cell.contender}: {size}{cannot}")
    return notes
